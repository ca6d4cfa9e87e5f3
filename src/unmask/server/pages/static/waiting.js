// The page of a file that is still being examined: shows how far it is, and turns into the result when it is done.
import { ask, listen, read } from "./api.js";
import { attempt, wake } from "./page.js";
import { state } from "./words.js";

const place = document.getElementById("waiting");
const id = place.dataset.id;
const bar = document.getElementById("progress");
const words = document.getElementById("state");
const stages = [...document.getElementById("stages").children];
let stage = "";

function show(job) {
  if (!["queued", "running"].includes(job.state)) {
    stop();
    location.reload();
    return;
  }
  const title = document.querySelector("h1");
  title.textContent = job.state === "queued" ? "Waiting its turn" : "Being examined";
  if (job.progress === null || job.state === "queued") bar.removeAttribute("value");
  else bar.value = job.progress;
  const said = `${state(job)}.`;
  // The time left changes all the time; a screen reader hears only of a new stage.
  words.setAttribute("aria-live", job.stage === stage ? "off" : "polite");
  words.textContent = said;
  stage = job.stage;
  const now = stages.findIndex((one) => one.dataset.stage === job.stage);
  stages.forEach((one, number) => {
    const past = number < now;
    one.classList.toggle("passed", past);
    if (number === now) one.setAttribute("aria-current", "step");
    else one.removeAttribute("aria-current");
    one.querySelector(".unseen").textContent = past ? " (done)" : "";
  });
}

const lost = (yes) => {
  document.getElementById("link-lost").hidden = !yes;
};
const stop = listen(`jobs/${id}/events`, {
  on: { job: show },
  opened: () => {
    lost(false);
    read(`jobs/${id}`).then(show, (error) => error.status === 404 && location.reload());
  },
  lost: () => lost(true),
});

document.getElementById("cancel").addEventListener("click", () =>
  attempt(() => ask(`jobs/${id}/cancel`, { method: "POST" })),
);
wake();
