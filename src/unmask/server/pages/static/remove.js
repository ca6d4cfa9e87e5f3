// Deleting one file from its own page.
import { ask } from "./api.js";
import { attempt, confirmed, wake } from "./page.js";

const button = document.getElementById("delete");
button.addEventListener("click", async () => {
  const { id, name } = button.dataset;
  const yes = await confirmed("Delete this file?", `“${name}”, its result and your note will be gone for good.`, "Delete");
  if (!yes) return;
  const answer = await attempt(() => ask(`jobs/${id}`, { method: "DELETE" }));
  if (answer) location.assign("/history");
});
wake();
