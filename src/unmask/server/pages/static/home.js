// The start page: takes files in by every way there is, and shows what becomes of them.
import { ask } from "./api.js";
import { attempt, say, wake } from "./page.js";
import { Queue } from "./queue.js";
import { offer } from "./record.js";

const drop = document.getElementById("drop");
const chooser = document.getElementById("files");
const queue = new Queue();

const chosen = () => {
  queue.take([...chooser.files]);
  chooser.value = "";
};
chooser.addEventListener("change", chosen);
// Somebody may have been quicker than this script.
chosen();

// The whole window is a target, so that a file dropped beside the box does not replace the page.
let inside = 0;
const carries = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragenter", (event) => {
  if (!carries(event)) return;
  inside += 1;
  drop.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!carries(event)) return;
  inside = Math.max(inside - 1, 0);
  drop.classList.toggle("over", inside > 0);
});
addEventListener("dragover", (event) => {
  if (carries(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  inside = 0;
  drop.classList.remove("over");
  const folders = [...event.dataTransfer.items].map((item) => Boolean(item.webkitGetAsEntry?.()?.isDirectory));
  if (folders.includes(true)) say("A folder cannot be dropped. Open it and drop the files that are in it.");
  queue.take([...event.dataTransfer.files].filter((_, place) => !folders[place]));
});

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  queue.take(files);
});

const form = document.getElementById("by-url");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const answer = await ask("urls", { method: "POST", json: { url: form.elements.url.value } });
    queue.show(await answer.json());
    form.reset();
  });
});

offer((file) => queue.take([file]));
wake();
