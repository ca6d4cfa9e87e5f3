// One way to ask the server, and one way to listen to it.
const BASE = "/api/v1";
const token = () => document.querySelector('meta[name="csrf-token"]').content;

export const secured = (headers = {}) => ({ ...headers, "X-CSRF-Token": token() });

/** What went wrong, in the server's own words where it gave any. */
export async function problem(answer) {
  const words = {
    401: "You are no longer signed in. Reload the page and sign in again.",
    404: "This is no longer here. Perhaps it has been deleted.",
    429: "unmask has too much to do just now. Wait a little and try again.",
    503: "unmask is not ready just now. Wait a little and try again.",
  };
  const text = await answer.text().catch(() => "");
  let detail = "";
  try {
    detail = JSON.parse(text).detail;
  } catch {
    // Not a problem document; the words above or below will do.
  }
  const said = typeof detail === "string" && detail ? detail : words[answer.status];
  const error = new Error(said || `unmask answered with the error ${answer.status}. Try again, or reload the page.`);
  error.status = answer.status;
  error.retryAfterS = Number(answer.headers.get("Retry-After")) || 0;
  return error;
}

export async function ask(path, { method = "GET", json, headers = {}, body } = {}) {
  const sent = method === "GET" ? headers : secured(headers);
  if (json !== undefined) {
    sent["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  }
  let answer;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, { method, headers: sent, body });
  } catch {
    throw new Error("unmask does not answer. Is it still running?");
  }
  if (!answer.ok) throw await problem(answer);
  return answer;
}

export const read = async (path) => (await ask(path)).json();

/**
 * Listen to server-sent events for as long as the page lives. A browser gives up after an error answer, so this opens
 * the stream anew, ever more slowly; `opened` is the moment to read the whole state again.
 */
export function listen(path, { on, opened = () => {}, lost = () => {} }) {
  let source;
  let wait = 500;
  let done = false;
  const open = () => {
    source = new EventSource(`${BASE}/${path}`);
    source.onopen = () => {
      wait = 500;
      opened();
    };
    source.onerror = () => {
      if (done) return;
      lost();
      source.close();
      setTimeout(open, wait);
      wait = Math.min(2 * wait, 10000);
    };
    for (const [name, act] of Object.entries(on)) {
      source.addEventListener(name, (event) => act(event.data ? JSON.parse(event.data) : {}));
    }
  };
  open();
  return () => {
    done = true;
    source.close();
  };
}
