// The pictures that were looked at: one at a time, plain, with heat, or both with a sliding border between them.
const root = document.getElementById("pictures");

if (root) {
  const figures = [...root.querySelectorAll("figure")];
  const buttons = [...root.querySelectorAll("[data-picture]")];

  const show = (figure) => {
    for (const one of figures) one.hidden = one !== figure;
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(`picture-${button.dataset.picture}` === figure.id));
  };
  for (const button of buttons)
    button.addEventListener("click", () => show(document.getElementById(`picture-${button.dataset.picture}`)));

  // Playing, or moving along the timeline, shows the picture nearest in time.
  document.addEventListener("timeline:time", ({ detail }) => {
    const away = (figure) => Math.abs(Number(figure.dataset.tS) - detail.t_s);
    const nearest = figures.reduce((best, one) => (away(one) < away(best) ? one : best));
    if (nearest.hidden) show(nearest);
  });

  const strength = document.getElementById("strength");
  const cut = document.getElementById("cut");
  const apply = () => {
    const mode = root.querySelector('input[name="mode"]:checked')?.value ?? "plain";
    root.dataset.mode = mode;
    root.style.setProperty("--strength", strength.value / 100);
    root.style.setProperty("--cut", `${mode === "compare" ? cut.value : 0}%`);
    document.getElementById("strength-label").hidden = mode === "plain";
    document.getElementById("cut-label").hidden = mode !== "compare";
  };
  if (strength) {
    root.addEventListener("input", apply);
    // On the picture itself the border can be dragged, too.
    root.querySelector(".viewer").addEventListener("pointermove", (event) => {
      const stage = event.target.closest(".stage");
      if (root.dataset.mode !== "compare" || !stage || !(event.buttons & 1)) return;
      const box = stage.getBoundingClientRect();
      cut.value = (100 * (event.clientX - box.left)) / box.width;
      apply();
    });
    apply();
  }
}
