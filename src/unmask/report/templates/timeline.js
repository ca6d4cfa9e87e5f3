"use strict";
// Links timelines with a player: a click, a peak or the position moves the player, playing moves the cursor.
// The same file serves the self-contained report and the web page.
(() => {
  const clock = (seconds) => {
    const tenths = Math.round(Math.max(seconds, 0) * 10);
    const whole = Math.floor(tenths / 10);
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
    return hours ? text : `${text}.${tenths % 10}`;
  };
  const percent = (share) => (share < 0.005 ? "under 1%" : share > 0.995 ? "over 99%" : `${Math.round(100 * share)}%`);
  const nearest = (points, time) =>
    points.reduce((best, point) => (Math.abs(point[0] - time) < Math.abs(best[0] - time) ? point : best), points[0]);

  const start = (root) => {
    const duration = Number(root.dataset.duration);
    const position = root.querySelector(".position input");
    const readout = root.querySelector(".readout");
    const media = document.querySelector("[data-timeline-media]");
    const lanes = [...root.querySelectorAll(".lane[data-points]")].map((lane) => {
      const points = JSON.parse(lane.dataset.points);
      const gaps = points.slice(1).map((point, place) => point[0] - points[place][0]).sort((a, b) => a - b);
      // Further from every scored moment than this, nothing is said.
      const reach = 1.5 * (gaps[Math.floor(gaps.length / 2)] || duration);
      return { element: lane, name: lane.dataset.name, points, reach };
    });

    const show = (time) => {
      root.style.setProperty("--at", `${(100 * time) / duration}%`);
      const words = lanes.map(({ name, points, reach }) => {
        const point = nearest(points, time);
        return `${name} ${Math.abs(point[0] - time) <= reach ? percent(point[1]) : "not judged here"}`;
      });
      readout.textContent = [`At ${clock(time)}`, ...words].join(" · ");
      position.value = time;
      position.setAttribute("aria-valuetext", [clock(time), ...words].join(", "));
      root.dispatchEvent(new CustomEvent("timeline:time", { bubbles: true, detail: { t_s: time } }));
    };
    const go = (wanted) => {
      const time = Math.min(Math.max(wanted, 0), duration);
      if (media) media.currentTime = time;
      show(time);
    };

    const point = (event, track) => {
      const box = track.getBoundingClientRect();
      const time = ((event.clientX - box.left) / box.width) * duration;
      const lane = lanes.find(({ element }) => element.contains(track));
      const close = lane && nearest(lane.points, time);
      return close && Math.abs(close[0] - time) * box.width < 8 * duration ? close[0] : time;
    };
    for (const track of root.querySelectorAll(".lane:not(.position) .track")) {
      track.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        track.setPointerCapture(event.pointerId);
        go(point(event, track));
      });
      track.addEventListener("pointermove", (event) => {
        if (track.hasPointerCapture(event.pointerId)) go(point(event, track));
      });
    }
    position.addEventListener("input", () => go(Number(position.value)));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-go-s]");
      if (button && root.isConnected) go(Number(button.dataset.goS));
    });

    if (media) {
      let drawn = 0;
      const follow = () => {
        cancelAnimationFrame(drawn);
        show(Math.min(media.currentTime, duration));
        if (!media.paused && !media.ended && root.isConnected) drawn = requestAnimationFrame(follow);
      };
      for (const name of ["playing", "pause", "seeked"]) media.addEventListener(name, follow);
    }
    readout.hidden = false;
    root.classList.add("live");
    show(media ? Math.min(media.currentTime, duration) : 0);
  };

  const find = () => document.querySelectorAll(".timeline:not(.live)").forEach(start);
  document.addEventListener("timeline:found", find);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", find);
  else find();
})();
