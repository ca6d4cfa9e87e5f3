"use strict";
(() => {
  // Strength of the heat: without this script the switch above still works.
  const strength = document.getElementById("strength");
  if (strength) {
    strength.parentElement.hidden = false;
    const apply = () => {
      for (const heat of document.querySelectorAll("img.heat")) heat.style.opacity = strength.value / 100;
    };
    strength.addEventListener("input", apply);
    apply();
  }

  // Sorting of the index: headers become buttons.
  for (const header of document.querySelectorAll("th[data-sort]")) {
    const key = header.dataset.sort;
    const numeric = key === "number" || key === "chance";
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const up = header.getAttribute("aria-sort") !== "ascending";
      for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = header.closest("table").tBodies[0];
      const compare = (a, b) =>
        numeric ? a.dataset[key] - b.dataset[key] : a.dataset[key].localeCompare(b.dataset[key]);
      body.append(...[...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a))));
    });
  }
})();
