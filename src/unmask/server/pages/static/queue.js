// The list of files under the drop area: uploads of this page, then jobs of the server, kept true by its events.
import { ask, listen, read } from "./api.js";
import { attempt, say } from "./page.js";
import { Upload } from "./upload.js";
import { percent, size, state } from "./words.js";

const AT_ONCE = 2;
const FINISHED_SHOWN = 6;
const ENDED = ["done", "failed", "cancelled"];
const ORDER = { running: 0, queued: 1, done: 2, failed: 2, cancelled: 2 };
const limits = document.getElementById("jobs-limits").dataset;

export class Queue {
  constructor() {
    this.section = document.getElementById("queue");
    this.list = document.getElementById("jobs");
    this.rows = new Map();
    this.jobs = new Map();
    this.waiting = [];
    this.sending = 0;
    this.taken = 0;
    listen("events", {
      on: { job: (job) => this.show(job), gone: ({ id }) => this.#remove(id) },
      opened: () => this.#reread(),
      lost: () => this.#connected(false),
    });
    addEventListener("beforeunload", (event) => {
      if (this.sending) event.preventDefault();
    });
  }

  /** Take files in: check what can be checked here, then send two at a time. */
  take(files) {
    for (const file of files) {
      this.taken += 1;
      const row = this.#row(`upload-${this.taken}`, file.name, true);
      const most = Number(limits.maxBytes);
      if (!file.size) this.#failed(row, "This file is empty.");
      else if (most && file.size > most)
        this.#failed(row, `This file is too large: ${size(file.size)}, and at most ${size(most)} are allowed.`);
      else this.waiting.push(this.#upload(file, row));
    }
    if (files.length) this.section.scrollIntoView({ block: "nearest" });
    this.#next();
  }

  /** Show a job as the server describes it now. */
  show(job) {
    const before = this.jobs.get(job.id);
    // An answer may arrive after an event that is newer; what has ended never begins again.
    if (before && ENDED.includes(before.state) && !ENDED.includes(job.state)) return;
    this.jobs.set(job.id, job);
    const row = this.rows.get(job.id) || this.#sent(job) || this.#row(job.id, job.name);
    this.#fill(row, job);
    if (before && before.state !== job.state) this.#announce(job);
    this.#sort();
  }

  async #reread() {
    await attempt(async () => {
      const pages = await Promise.all([
        read("jobs?state=running&per_page=50"),
        read("jobs?state=queued&sort=created_at&per_page=50"),
        ...ENDED.map((state) => read(`jobs?state=${state}&sort=-created_at&per_page=${FINISHED_SHOWN}`)),
      ]);
      const found = new Map(pages.flatMap((page) => page.items).map((job) => [job.id, job]));
      for (const id of [...this.jobs.keys()]) if (!found.has(id)) this.#remove(id);
      for (const job of found.values()) this.show(job);
      const hidden = pages[1].total - pages[1].items.length;
      const more = document.getElementById("more");
      more.hidden = hidden <= 0;
      more.textContent = `${hidden} more are waiting.`;
      this.#connected(true);
    });
  }

  #connected(yes) {
    document.getElementById("link-lost").hidden = yes;
  }

  #upload(file, row) {
    row.state.textContent = "Waiting to be sent";
    row.bar.hidden = false;
    row.bar.setAttribute("aria-label", `Sending ${file.name}`);
    const upload = (row.upload = new Upload(file, {
      progress: (share) => {
        row.bar.value = share;
        row.state.textContent = `Sending, ${Math.floor(100 * share)}%`;
      },
      waiting: (seconds) => {
        row.state.textContent = `The connection broke. Trying again in ${Math.ceil(seconds)} seconds; what has arrived is kept.`;
      },
    }));
    this.#act(row, "Cancel", () => {
      this.waiting = this.waiting.filter((other) => other.upload !== upload);
      upload.cancel();
      this.#remove(row.id);
    });
    return { upload, row };
  }

  #next() {
    while (this.sending < AT_ONCE && this.waiting.length) {
      const { upload, row } = this.waiting.shift();
      this.sending += 1;
      row.state.textContent = "Sending, 0%";
      upload
        .run()
        .then(async (id) => {
          if (!id) return;
          if (!this.rows.has(id)) this.#became(row, id);
          else if (row.upload) this.#remove(row.id);
          this.show(await read(`jobs/${id}`));
        })
        .catch((error) => this.#failed(row, error.message))
        .finally(() => {
          this.sending -= 1;
          this.#next();
        });
    }
  }

  /** The server may tell of a job before it answers the upload: then the upload's row becomes the job's. */
  #sent(job) {
    const row = [...this.rows.values()].find(
      ({ upload, bar }) => upload?.file.name === job.name && upload.file.size === job.bytes && bar.value === 1,
    );
    return row && this.#became(row, job.id);
  }

  #became(row, id) {
    this.rows.delete(row.id);
    this.rows.set(id, row);
    row.id = id;
    row.upload = null;
    return row;
  }

  #failed(row, words) {
    row.state.textContent = words;
    row.element.classList.add("refused");
    row.bar.hidden = true;
    this.#act(row, "Dismiss", () => this.#remove(row.id));
    say(`${row.name}: ${words}`);
  }

  #row(id, name, first = false) {
    const element = document.getElementById("job-row").content.cloneNode(true).firstElementChild;
    const row = {
      id,
      name,
      element,
      title: element.querySelector("bdi"),
      state: element.querySelector(".job-state"),
      bar: element.querySelector("progress"),
      act: element.querySelector(".job-act"),
      picture: element.querySelector(".job-picture"),
    };
    row.title.textContent = name;
    this.rows.set(id, row);
    if (first) this.list.prepend(element);
    else this.list.append(element);
    this.section.hidden = false;
    return row;
  }

  #remove(id) {
    const row = this.rows.get(id);
    this.jobs.delete(id);
    this.rows.delete(id);
    if (!row) return;
    const focused = row.element.contains(document.activeElement);
    row.element.remove();
    if (focused) document.getElementById("files").focus();
    this.section.hidden = this.rows.size === 0;
  }

  #fill(row, job) {
    row.element.dataset.state = job.state;
    const active = job.state === "queued" || job.state === "running";
    row.bar.hidden = !active;
    row.bar.setAttribute("aria-label", `Examining ${job.name}`);
    if (job.state === "running" && job.progress !== null) row.bar.value = job.progress;
    else row.bar.removeAttribute("value");
    if (job.state === "queued") row.bar.value = 0;
    this.#picture(row, job);
    if (active) {
      row.state.textContent = state(job);
      this.#act(row, "Cancel", () => attempt(() => ask(`jobs/${job.id}/cancel`, { method: "POST" })));
    } else this.#finished(row, job);
  }

  #finished(row, job) {
    const sign = document.getElementById(`verdict-${job.state === "done" ? job.verdict : "failed"}`);
    row.state.replaceChildren();
    row.state.classList.add("job-verdict");
    if (job.state === "cancelled") row.state.textContent = state(job);
    else row.state.append(sign.content.cloneNode(true));
    if (job.state === "done" && job.p_fake !== null)
      row.state.append(`probability of forgery ${percent(job.p_fake)}`);
    if (job.state === "cancelled") this.#act(row, "Remove", () => this.#delete(job.id));
    else this.#link(row, job.state === "done" ? "Read the result" : "See why", job);
  }

  async #delete(id) {
    if ((await attempt(() => ask(`jobs/${id}`, { method: "DELETE" }))) !== undefined) this.#remove(id);
  }

  #act(row, words, action) {
    const present = row.act.firstElementChild;
    if (present?.textContent === words) {
      present.onclick = action;
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet-button small";
    button.textContent = words;
    button.setAttribute("aria-label", `${words}: ${row.name}`);
    button.onclick = action;
    row.act.replaceChildren(button);
  }

  #link(row, words, job) {
    const had = row.act.contains(document.activeElement);
    const link = document.createElement("a");
    link.className = "button quiet-button small";
    link.href = `/items/${encodeURIComponent(job.id)}`;
    link.textContent = words;
    link.setAttribute("aria-label", `${words}: ${job.name}`);
    row.act.replaceChildren(link);
    if (had) link.focus();
  }

  #picture(row, job) {
    row.picture.dataset.kind = job.kind || "";
    if (job.state !== "done" || job.kind === "audio" || row.picture.firstElementChild) return;
    const image = document.createElement("img");
    image.alt = "";
    image.onerror = () => image.remove();
    image.src = job.links.preview;
    row.picture.append(image);
  }

  #announce(job) {
    if (job.state === "done") {
      const words = document.getElementById(`verdict-${job.verdict}`).content.querySelector("strong").textContent;
      say(`${job.name}: ${words.toLowerCase()}. The result is ready.`);
    } else if (job.state === "failed") say(`${job.name} could not be examined.`);
  }

  /** Uploads first, then what runs, what waits, and what is done; the newest of those first. */
  #sort() {
    const rank = (job) => ORDER[job.state] ?? 2;
    const finished = (job) => rank(job) === 2;
    const ordered = [...this.jobs.values()].sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (finished(a) ? b.created_at.localeCompare(a.created_at) : (a.position ?? 0) - (b.position ?? 0)),
    );
    ordered
      .filter(finished)
      .slice(FINISHED_SHOWN)
      .forEach((job) => this.#remove(job.id));
    let before = null;
    for (const job of ordered.reverse()) {
      const element = this.rows.get(job.id)?.element;
      if (!element) continue;
      // Moving an element takes the focus away, so only what stands in the wrong place is moved.
      if (element.nextElementSibling !== before) this.list.insertBefore(element, before);
      before = element;
    }
  }
}
