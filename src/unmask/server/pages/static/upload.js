// Resumable uploads after tus 1.0.0 (tus.io/protocols/resumable-upload): create, send in pieces, ask how far it got.
import { ask, problem, secured } from "./api.js";

const PIECE = 8 * 1024 * 1024;
const VERSION = { "Tus-Resumable": "1.0.0" };
const LONGEST_WAIT_S = 30;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const key = (file) => `upload:${file.name}:${file.size}:${file.lastModified}`;

function metadata(file) {
  const bytes = new TextEncoder().encode(file.name);
  return `filename ${btoa(String.fromCharCode(...bytes))}`;
}

export class Upload {
  /**
   * @param {File} file what to send
   * @param {{progress: (share: number) => void, waiting: (seconds: number) => void}} told called as it goes
   */
  constructor(file, told) {
    this.file = file;
    this.told = told;
    this.place = localStorage.getItem(key(file));
    this.offset = 0;
    this.cancelled = false;
    this.request = null;
  }

  /** Send everything; gives the id of the job, or null when cancelled. */
  async run() {
    for (let failures = 0; !this.cancelled; ) {
      try {
        let job = await this.#find();
        while (!job && !this.cancelled) {
          job = await this.#piece();
          failures = 0;
        }
        this.#forget();
        return job;
      } catch (error) {
        if (this.cancelled) break;
        if (!this.#passing(error)) {
          this.#forget();
          throw error;
        }
        failures += 1;
        const seconds = error.retryAfterS || Math.min(2 ** failures, LONGEST_WAIT_S);
        this.told.waiting(seconds);
        await pause(seconds);
      }
    }
    return null;
  }

  async cancel() {
    this.cancelled = true;
    this.request?.abort();
    const place = this.place;
    this.#forget();
    if (place) await ask(place, { method: "DELETE", headers: { ...VERSION } }).catch(() => {});
  }

  /** Trouble that goes away: no network, a restart, too much to do. */
  #passing(error) {
    return !error.status || [409, 423, 429, 460, 500, 502, 503, 504].includes(error.status);
  }

  #forget() {
    localStorage.removeItem(key(this.file));
    this.place = null;
  }

  /** Ask how far an earlier attempt got, or begin anew; gives the job's id where everything had arrived. */
  async #find() {
    if (this.place) {
      try {
        const answer = await ask(this.place, { method: "HEAD", headers: { ...VERSION } });
        this.offset = Number(answer.headers.get("Upload-Offset"));
        return answer.headers.get("Unmask-Job");
      } catch (error) {
        if (![403, 404, 410].includes(error.status)) throw error;
        this.#forget();
      }
    }
    const headers = { ...VERSION, "Upload-Length": String(this.file.size), "Upload-Metadata": metadata(this.file) };
    const answer = await ask("uploads", { method: "POST", headers });
    const place = new URL(answer.headers.get("Location"), location.href);
    // Only the path: a server behind another name must not lead the upload elsewhere.
    this.place = place.pathname;
    this.offset = 0;
    localStorage.setItem(key(this.file), this.place);
    return null;
  }

  /** Send the next piece; gives the job's id after the last. */
  #piece() {
    const piece = this.file.slice(this.offset, this.offset + PIECE);
    const request = (this.request = new XMLHttpRequest());
    request.open("PATCH", this.place);
    const headers = secured({
      ...VERSION,
      "Upload-Offset": String(this.offset),
      "Content-Type": "application/offset+octet-stream",
    });
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) =>
      this.told.progress((this.offset + Math.min(event.loaded, piece.size)) / Math.max(this.file.size, 1));
    return new Promise((resolve, reject) => {
      request.onerror = request.onabort = () => reject(new Error("unmask does not answer. Is it still running?"));
      request.onload = async () => {
        if (request.status >= 300) {
          const headers = { "Retry-After": request.getResponseHeader("Retry-After") || "" };
          reject(await problem(new Response(request.responseText, { status: request.status, headers })));
          return;
        }
        this.offset = Number(request.getResponseHeader("Upload-Offset"));
        resolve(request.getResponseHeader("Unmask-Job"));
      };
      request.send(piece);
    });
  }
}
