// The page of a result: pictures with their heat, the player, the judgement, the link.
import { ask } from "./api.js";
import { attempt, say, wake } from "./page.js";
import "./pictures.js";
import "./remove.js";

const player = document.querySelector("[data-timeline-media]");
const unplayable = () => {
  player.hidden = true;
  document.getElementById("unplayable").hidden = false;
};
player?.addEventListener("error", unplayable);
if (player?.error) unplayable();

document.getElementById("copy").addEventListener("click", () =>
  attempt(async () => {
    const address = location.origin + location.pathname;
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      throw new Error(`Your browser does not allow copying. The link is ${address}`);
    }
    const local = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
    say(local ? "Link copied. It opens on this computer only." : "Link copied. It opens for those who may use this server.");
  }),
);

const form = document.getElementById("judge");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const json = { judgement: form.elements.judgement.value || null, note: form.elements.note.value };
    await ask(`jobs/${form.dataset.id}`, { method: "PATCH", json });
    say("Your judgement is saved.");
  });
});
wake();
