// Deleting from the history: one, some, or everything; always after a question.
import { ask } from "./api.js";
import { attempt, confirmed, wake } from "./page.js";

const past = document.getElementById("past");

async function remove(ids, title, text) {
  if (!(await confirmed(title, text, "Delete"))) return;
  const answer = await attempt(() => ask("jobs/delete", { method: "POST", json: { ids } }));
  if (answer) location.reload();
}

if (past) {
  const all = document.getElementById("all");
  const selected = document.getElementById("delete-selected");
  const boxes = () => [...past.querySelectorAll('input[name="pick"]')];
  const picked = () => boxes().filter((box) => box.checked);
  const refresh = () => {
    const count = picked().length;
    selected.disabled = count === 0;
    selected.textContent = count ? `Delete selected (${count})` : "Delete selected";
    all.checked = count > 0 && count === boxes().length;
    all.indeterminate = count > 0 && !all.checked;
  };
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    refresh();
  });
  past.addEventListener("change", refresh);
  past.addEventListener("click", (event) => {
    const item = event.target.closest(".past-delete")?.closest(".past-item");
    if (item) remove([item.dataset.id], "Delete this file?", `“${item.dataset.name}”, its result and your note will be gone for good.`);
  });
  selected.addEventListener("click", () => {
    const count = picked().length;
    const what = count === 1 ? "One file, its result and your note" : `${count} files, their results and your notes`;
    remove(picked().map((box) => box.value), "Delete what you selected?", `${what} will be gone for good.`);
  });
  document.getElementById("delete-all").addEventListener("click", () =>
    remove("all", "Delete everything?", "Every file, every result and every note will be gone for good, on all pages of the history."),
  );
  wake();
  // A browser may restore ticks after going back.
  refresh();
}
