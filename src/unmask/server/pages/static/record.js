// Recording with the camera or the microphone. Browsers offer it only on this computer's own address or over HTTPS.
import { say } from "./page.js";

const LONGEST_S = 120;
const TYPES = {
  video: ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"],
  audio: ["audio/webm;codecs=opus", "audio/webm", "audio/ogg;codecs=opus", "audio/mp4"],
};
const WORDS = {
  video: ["Record with the camera", "The recording stays here, like any other file. Look straight into the camera and speak for at least ten seconds."],
  audio: ["Record a voice", "The recording stays here, like any other file. Speak, or hold a loudspeaker close, for at least ten seconds."],
};
const part = (name) => document.getElementById(`recorder-${name}`);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Show the buttons where recording is possible; `taken` is called with the finished file. */
export function offer(taken) {
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.MediaRecorder) return;
  const recorder = new Recorder(taken);
  for (const kind of ["video", "audio"]) {
    const button = document.getElementById(`record-${kind}`);
    button.hidden = false;
    button.addEventListener("click", () => recorder.open(kind));
  }
}

class Recorder {
  constructor(taken) {
    this.dialog = document.getElementById("recorder");
    part("start").addEventListener("click", () => this.#start());
    part("again").addEventListener("click", () => this.#ready());
    part("stop").addEventListener("click", () => this.recorder.stop());
    part("close").addEventListener("click", () => this.dialog.close());
    part("use").addEventListener("click", () => {
      taken(this.file);
      this.dialog.close();
    });
    this.dialog.addEventListener("close", () => this.#release());
  }

  async open(kind) {
    this.kind = kind;
    [part("title").textContent, part("hint").textContent] = WORDS[kind];
    part("error").hidden = true;
    this.#show();
    this.dialog.showModal();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: kind === "video" });
      if (!this.dialog.open) {
        stream.getTracks().forEach((track) => track.stop());
        return;
      }
      this.stream = stream;
      this.#ready();
    } catch (error) {
      part("error").textContent =
        error.name === "NotAllowedError"
          ? "Your browser did not allow it. Permit the camera and the microphone for this page, then try again."
          : "No camera or microphone was found, or another program is using it.";
      part("error").hidden = false;
    }
  }

  #show(...names) {
    for (const name of ["view", "play", "time", "start", "stop", "again", "use"]) part(name).hidden = !names.includes(name);
  }

  #ready() {
    URL.revokeObjectURL(part("view").src);
    if (this.kind === "video") {
      part("view").controls = false;
      part("view").muted = true;
      part("view").srcObject = this.stream;
      part("view").play();
    }
    this.#show("start", ...(this.kind === "video" ? ["view"] : []));
    part("start").focus();
  }

  #start() {
    const type = TYPES[this.kind].find((one) => MediaRecorder.isTypeSupported(one));
    const pieces = [];
    this.recorder = new MediaRecorder(this.stream, { mimeType: type });
    this.recorder.ondataavailable = (event) => pieces.push(event.data);
    this.recorder.onstop = () => this.#stopped(pieces);
    this.recorder.start();
    part("time").textContent = clock(0);
    const begun = performance.now();
    this.timer = setInterval(() => {
      const seconds = (performance.now() - begun) / 1000;
      part("time").textContent = clock(seconds);
      if (seconds >= LONGEST_S) this.recorder.stop();
    }, 200);
    this.#show("time", "stop", ...(this.kind === "video" ? ["view"] : []));
    part("stop").focus();
  }

  #stopped(pieces) {
    clearInterval(this.timer);
    if (!this.dialog.open) return;
    const type = this.recorder.mimeType.split(";")[0];
    const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");
    this.file = new File(pieces, `recording-${stamp}.${type.split("/")[1]}`, { type });
    if (!this.file.size) {
      say("Nothing was recorded. Try again.");
      this.#ready();
      return;
    }
    const player = part(this.kind === "video" ? "view" : "play");
    player.srcObject = null;
    player.src = URL.createObjectURL(this.file);
    player.muted = false;
    player.controls = true;
    this.#show(this.kind === "video" ? "view" : "play", "again", "use");
    part("use").focus();
  }

  #release() {
    clearInterval(this.timer);
    if (this.recorder?.state === "recording") this.recorder.stop();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    for (const player of [part("view"), part("play")]) {
      player.srcObject = null;
      if (player.src) URL.revokeObjectURL(player.src);
      player.removeAttribute("src");
    }
  }
}
