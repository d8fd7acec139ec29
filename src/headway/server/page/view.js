// What this page knows: documents folded from a snapshot and every event after it. The twin of protocol/viewing.py,
// as far as one page needs it. Knows nothing of the network or of what is drawn.

/** RFC 7396: null removes, objects merge, all else replaces. Neither argument is changed. */
export function merge(target, patch) {
  const merged = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isObject(value)) merged[key] = merge(isObject(merged[key]) ? merged[key] : {}, value);
    else merged[key] = value;
  }
  return merged;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The document after an event: `set` is merged, `put` replaces whole values. */
export function fold(before, event) {
  const after = event.data.set ? merge(before ?? {}, event.data.set) : { ...before };
  return Object.assign(after, event.data.put, { seq: event.seq });
}

export const FINAL = new Set(["completed", "failed", "cancelled"]);
const FINISHED_KEPT = 500;
const SOFT = { "worker.loaded": ["load", "heard_at"] };

export class View {
  constructor() {
    this.forget();
  }

  /** Nothing seen counts any more. */
  forget() {
    this.seq = null;
    this.asOf = "";
    this.documents = { job: new Map(), worker: new Map(), service: new Map(), queue: new Map() };
    this.counts = null;
    this.lines = new Map();
    this.lastLine = 0;
    this.pages = [];
    this.dirty = new Set();
    this.whole = true; // everything may have changed
  }

  get ready() {
    return this.seq !== null;
  }

  /** Apply a frame: "applied", "known", "page", "gap" (something is missing: begin anew) or "ignored". */
  take(frame) {
    switch (frame.type) {
      case "snapshot":
        return this.#snapshot(frame);
      case "batch":
        return this.#batch(frame);
      case "reset":
        this.seq = null;
        this.pages = [];
        return "page";
      case "ping":
        this.asOf = frame.now;
        return "known";
      default:
        return "ignored";
    }
  }

  #snapshot(page) {
    if (page.page === undefined || page.page === 0) this.pages = [];
    if ((page.page ?? 0) !== this.pages.length) return "gap";
    this.pages.push(page);
    if (page.more) return "page";
    const pages = this.pages;
    this.forget();
    for (const { topics } of pages) for (const data of Object.values(topics ?? {})) this.#load(data);
    this.seq = page.seq;
    this.asOf = page.now;
    return "applied";
  }

  #load(data) {
    for (const [entity, documents] of Object.entries(data.documents ?? {})) {
      this.documents[entity] ??= new Map();
      for (const [id, document] of Object.entries(documents)) this.documents[entity].set(id, document);
    }
    if (data.counts) this.counts = data.counts;
    this.#fill(data.lines ?? []);
    this.lastLine = Math.max(this.lastLine, data.last ?? 0);
  }

  #batch(batch) {
    if (this.seq === null || batch.from > this.seq) return "gap";
    this.asOf = batch.now;
    if (batch.to <= this.seq) return "known";
    for (const event of batch.events ?? []) if (event.seq > this.seq) this.#apply(event);
    this.seq = batch.to;
    this.#trim();
    return "applied";
  }

  #apply(event) {
    if (event.type === "job.logged") {
      this.#fill(event.data.lines ?? []);
      return;
    }
    this.#count(event);
    const entity = event.type.slice(0, event.type.indexOf("."));
    const documents = this.documents[entity];
    if (!documents) return;
    const id = event.subject ?? event.job;
    const before = documents.get(id);
    this.dirty.add(id);
    if (event.data.deleted) documents.delete(id);
    else if (SOFT[event.type]) {
      if (before) documents.set(id, { ...before, ...pick(event.data, SOFT[event.type]) });
    } else if (event.data.set || event.data.put) {
      if (before || entity !== "job" || event.data.was === null) documents.set(id, fold(before, event));
    }
  }

  /** queue -> state -> number of jobs, kept exact by what each event left and entered. */
  #count(event) {
    if (!this.counts || !event.queue || !("was" in event.data)) return;
    const states = (this.counts[event.queue] ??= {});
    const { was, set } = event.data;
    if (was) states[was] = (states[was] ?? 0) - 1;
    if (set?.state && !event.data.deleted) states[set.state] = (states[set.state] ?? 0) + 1;
  }

  #fill(lines) {
    for (const line of lines) {
      this.lines.set(line[0], line);
      this.lastLine = Math.max(this.lastLine, line[0]);
    }
  }

  /** Keep the newest finished jobs, the same that a snapshot taken now would have. */
  #trim() {
    const done = [...this.documents.job.values()].filter((job) => FINAL.has(job.state));
    if (done.length <= FINISHED_KEPT) return;
    done.sort((a, b) => (a.finished_at < b.finished_at ? -1 : 1));
    for (const job of done.slice(0, done.length - FINISHED_KEPT)) this.documents.job.delete(job.id);
  }

  /** Number of jobs in these states, in all queues. */
  total(...states) {
    let sum = 0;
    for (const queue of Object.values(this.counts ?? {})) for (const state of states) sum += queue[state] ?? 0;
    return sum;
  }
}

function pick(source, keys) {
  return Object.fromEntries(keys.filter((key) => key in source).map((key) => [key, source[key]]));
}
