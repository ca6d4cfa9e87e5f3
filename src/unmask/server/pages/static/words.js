// How states and numbers are said. Verdicts and results come from the server in words already.
export const percent = (share) =>
  share < 0.005 ? "under 1%" : share > 0.995 ? "over 99%" : `${Math.round(100 * share)}%`;

const STAGES = {
  waiting: "Waiting",
  probing: "Opening the file",
  looking: "Looking at the faces",
  listening: "Listening to the voices",
  concluding: "Weighing what was found",
  reporting: "Writing the report",
  done: "Finishing",
};

export function left(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 8) return "a few seconds left";
  if (seconds < 50) return `about ${10 * Math.ceil(seconds / 10)} seconds left`;
  if (seconds < 90) return "about a minute left";
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} minutes left` : `about ${Math.round(seconds / 3600)} hours left`;
}

export function size(count) {
  const units = ["bytes", "kB", "MB", "GB"];
  let place = 0;
  while (count >= 1000 && place < 3) {
    count /= 1000;
    place += 1;
  }
  return `${place === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[place]}`;
}

export function state(job) {
  const time = left(job.eta_s);
  if (job.state === "queued") {
    const place = job.position > 1 ? `Number ${job.position} in line` : "Next in line";
    return time ? `${place}, ${time}` : place;
  }
  if (job.state === "running") {
    const stage = STAGES[job.stage] || "Examining";
    return time ? `${stage}, ${time}` : stage;
  }
  return job.state === "cancelled" ? "Cancelled" : "";
}

export const KINDS = { image: "picture", video: "video", audio: "recording" };
