// The connection: Server-Sent Events over fetch, so that a token travels in a header. Comes back for ever, from where
// it was. Knows frames only as JSON; says how it stands and nothing else.

const SILENT_MS = 40_000; // the server says something at least every 15 s
const LONGEST_WAIT_MS = 30_000;

const TOKEN = "headway.token";

/** A URL of the API. From where this file is, not the page: that is at `/` or at `/plain/`, below any prefix. */
export const api = (path) => new URL(`../api/v1/${path}`, import.meta.url).href;

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (value) => sessionStorage.setItem(TOKEN, value),
};

export function authorized(headers = {}) {
  return token.get() ? { ...headers, Authorization: `Bearer ${token.get()}` } : headers;
}

/** A request to the API; answers with the JSON, or throws an Error with the server's sentence. */
export async function ask(method, path, body) {
  const response = await fetch(api(path), {
    method,
    headers: authorized(body === undefined ? {} : { "Content-Type": "application/json" }),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error([problem.message ?? `The server answered ${response.status}.`, problem.hint].filter(Boolean).join(" "));
}

export class Link {
  /** `onFrame(frame)` answers "gap" to begin anew; `onState(state, detail)`: connecting, live, waiting, denied, refused. */
  constructor(topics, { onFrame, onState }) {
    this.topics = topics;
    this.onFrame = onFrame;
    this.onState = onState;
    this.cursor = "";
    this.failures = 0;
    this.over = false;
    this.waiting = null;
    this.probe = () => document.visibilityState === "visible" && this.waiting?.();
    for (const name of ["online", "pageshow"]) addEventListener(name, this.probe);
    document.addEventListener("visibilitychange", this.probe);
    this.run();
  }

  close() {
    this.over = true;
    for (const name of ["online", "pageshow"]) removeEventListener(name, this.probe);
    document.removeEventListener("visibilitychange", this.probe);
    this.abort?.abort();
    this.waiting?.();
  }

  async run() {
    while (!this.over) {
      this.onState("connecting");
      const pause = await this.follow().catch(() => null);
      if (this.over) return;
      if (pause === "denied" || pause === "refused") return;
      await this.pause(pause ?? this.backoff());
    }
  }

  /** First at 0–1 s, then full jitter up to 30 s. */
  backoff() {
    const most = Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** this.failures++);
    return Math.random() * most;
  }

  pause(ms) {
    this.onState("waiting", Date.now() + ms);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waiting = () => (clearTimeout(timer), resolve());
    }).finally(() => (this.waiting = null));
  }

  /** One connection from beginning to end; answers with how long to wait, or null. */
  async follow() {
    this.abort = new AbortController();
    const query = new URLSearchParams(this.topics.map((topic) => ["topic", topic]));
    if (this.cursor) query.set("since", this.cursor);
    const response = await fetch(api(`live?${query}`), {
      headers: authorized({ Accept: "text/event-stream" }),
      cache: "no-store",
      signal: this.abort.signal,
    });
    if (!response.ok) return this.refused(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await this.heard(reader.read());
      if (done) return null;
      const messages = (text + value).split("\n\n");
      text = messages.pop();
      for (const message of messages) {
        const pause = this.take(message);
        if (pause !== undefined) {
          this.abort.abort();
          return pause;
        }
      }
    }
  }

  /** What arrives within the time a living server says something; otherwise the connection is dead. */
  heard(reading) {
    const abort = this.abort;
    const watchdog = setTimeout(() => abort.abort(), SILENT_MS);
    return reading.finally(() => clearTimeout(watchdog));
  }

  async refused(response) {
    if (response.status === 401) {
      this.onState("denied");
      return "denied";
    }
    const problem = await response.json().catch(() => ({}));
    const after = Number(response.headers.get("Retry-After"));
    if (response.status === 429 || response.status >= 500) return after ? after * 1_000 : null;
    this.onState("refused", problem.message ?? `The server answered ${response.status}.`);
    return "refused";
  }

  /** One message; a number (ms) ends the connection and says when to come back. */
  take(message) {
    let data = "";
    let cursor = null;
    for (const line of message.split("\n")) {
      if (line.startsWith("data:")) data += line.slice(5).trimStart();
      else if (line.startsWith("id:")) cursor = line.slice(3).trim();
    }
    if (!data) {
      this.onState("live");
      return undefined;
    }
    const frame = JSON.parse(data);
    if (frame.type === "bye") return frame.after_ms ? frame.after_ms[0] + Math.random() * (frame.after_ms[1] - frame.after_ms[0]) : 0;
    if (frame.type === "reset") this.cursor = "";
    if (this.onFrame(frame) === "gap") {
      this.cursor = "";
      return 0;
    }
    if (cursor !== null) this.cursor = cursor;
    this.failures = 0;
    this.onState("live");
    return undefined;
  }
}
