// Fetching a model, with progress.
import { ask, listen } from "./api.js";
import { wake } from "./page.js";
import { size } from "./words.js";

for (const button of document.querySelectorAll("[data-fetch]")) {
  const name = button.dataset.fetch;
  const place = button.closest(".fetch");
  const bar = place.querySelector("progress");
  const words = place.querySelector('[role="status"]');
  const failed = (message) => {
    words.setAttribute("aria-live", "polite");
    words.textContent = message;
    bar.hidden = true;
    button.disabled = false;
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    words.textContent = "Fetching …";
    try {
      await ask(`models/${encodeURIComponent(name)}/fetch`, { method: "POST" });
    } catch (error) {
      failed(error.message);
      return;
    }
    const stop = listen(`models/${encodeURIComponent(name)}/events`, {
      on: {
        progress: ({ done, total }) => {
          // pip does not tell how far it is: then the bar only shows that something goes on.
          if (!done) return;
          words.setAttribute("aria-live", "off");
          words.textContent = done < total ? `Fetching: ${size(done)} of ${size(total)}` : "It is here. Putting it together …";
          if (done < total) bar.value = done / total;
          else bar.removeAttribute("value");
        },
        done: () => {
          stop();
          location.reload();
        },
        failed: ({ message }) => {
          stop();
          failed(message);
        },
      },
    });
  });
}
wake();
