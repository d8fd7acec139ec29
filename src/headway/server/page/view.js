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

export class View {
  constructor() {
    this.epoch = "";
    this.asOf = "";
    this.seq = null;
    this.pages = [];
    this.#forget();
  }

  get ready() {
    return this.seq !== null;
  }

  /** The log that is looked at. Lines are facts of one log: they stay over everything but another one. */
  #enter(epoch) {
    if (this.epoch && epoch !== this.epoch) this.#forget();
    this.epoch = epoch;
  }

  /** Apply a frame: "applied", "known", "page", "reset", "gap" (something is missing: begin anew) or "ignored". */
  take(frame) {
    switch (frame.type) {
      case "welcome":
        this.pages = [];
        if (this.seq === null) this.#enter(frame.epoch);
        return "ignored";
      case "snapshot":
        return this.#snapshot(frame);
      case "batch":
        return this.#batch(frame);
      case "reset":
        this.pages = [];
        this.#enter(frame.reason === "permission" ? "-" : frame.epoch);
        this.epoch = frame.epoch;
        this.seq = null;
        return "reset";
      case "ping":
        this.asOf = frame.now;
        return "ignored";
      default:
        return "ignored";
    }
  }

  /** Nothing seen counts any more. */
  #forget() {
    this.lines = new Map();
    this.lastLine = 0;
    this.#clear();
  }

  #clear() {
    this.documents = { job: new Map(), worker: new Map(), service: new Map(), queue: new Map() };
    this.counts = null;
    this.keptFinished = FINISHED_KEPT;
    this.dirty = new Set();
    this.whole = true; // everything may have changed
  }

  #snapshot(page) {
    const place = page.page ?? 0;
    if (place === 0) this.pages = [];
    if (place !== this.pages.length || (place && this.pages[0].seq !== page.seq)) {
      this.pages = [];
      return "gap";
    }
    this.pages.push(page);
    if (page.more) return "page";
    this.#clear();
    for (const { topics } of this.pages) for (const data of Object.values(topics ?? {})) this.#load(data);
    this.pages = [];
    this.seq = page.seq;
    this.asOf = page.now;
    this.#trim();
    return "applied";
  }

  #load(data) {
    if (data.keep?.finished !== undefined) this.keptFinished = data.keep.finished;
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
    if (batch.to < this.seq || (batch.to === this.seq && batch.from < this.seq)) return "known";
    this.asOf = batch.now;
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
    else if (event.data.set || event.data.put) {
      if (before || entity !== "job" || event.data.was === null) documents.set(id, fold(before, event));
    }
  }

  /** queue -> state -> number of jobs, kept exact by what each event left and entered. */
  #count(event) {
    if (!this.counts || !event.queue || !("was" in event.data)) return;
    const states = (this.counts[event.queue] ??= {});
    const { was, set } = event.data;
    if (was) states[was] = (states[was] ?? 0) - 1;
    if (states[was] === 0) delete states[was];
    if (set?.state && !event.data.deleted) states[set.state] = (states[set.state] ?? 0) + 1;
    if (Object.keys(states).length === 0) delete this.counts[event.queue];
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
    if (done.length <= this.keptFinished) return;
    const key = (job) => `${job.finished_at ?? ""} ${job.id}`;
    done.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    for (const job of done.slice(0, done.length - this.keptFinished)) this.documents.job.delete(job.id);
  }

  /** Number of jobs in these states, in all queues. */
  total(...states) {
    let sum = 0;
    for (const queue of Object.values(this.counts ?? {})) for (const state of states) sum += queue[state] ?? 0;
    return sum;
  }
}
