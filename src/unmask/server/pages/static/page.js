// What every page shares: short messages, and a question before anything is deleted.
let timer = 0;
let settle = () => {};

/** Say something to everybody: on the screen for a while, and to screen readers. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("shown"), 6000);
}

/**
 * Ask before deleting; resolves to true only after "yes". Browsers tell of a closed dialog a moment later: by then the
 * next question may be on the screen, which that news must not answer.
 */
export function confirmed(title, text, yes) {
  const dialog = document.getElementById("confirm");
  settle();
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    settle = () => resolve(dialog.returnValue === "yes");
    dialog.onclose = () => dialog.open || settle();
  });
}

/**
 * Switch on what only scripts serve. Such buttons come switched off: pressed before the script that listens to them had
 * run, they would do nothing, or send a form the wrong way.
 */
export function wake() {
  for (const control of document.querySelectorAll("[data-scripted]")) control.disabled = false;
}

/** Run something that may fail, and say so if it does. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    say(error.message);
    return undefined;
  }
}
