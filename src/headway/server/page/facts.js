// What can be said about a job as of now, in words and numbers. Ages are by the server's clock: the `now` of its
// newest frame, carried on by this machine's stopwatch, and standing still while the connection is gone.

import { ago, amount, clock, counted, spent } from "./dom.js";

const QUIET_S = 30;

export const ACTIVE = new Set(["running", "cancelling"]);
export const WAITING = new Set(["scheduled", "blocked", "queued"]);

const server = { at: 0, heard: 0, running: false };

/** The server says what time it is. */
export function hear(iso) {
  server.at = Date.parse(iso);
  server.heard = performance.now();
}

/** Whether the clock runs: only while the connection lives. */
export function run(running) {
  if (server.running && !running) server.at = now();
  server.heard = performance.now();
  server.running = running;
}

/** Milliseconds since the epoch, by the server. */
export function now() {
  return server.at + (server.running ? performance.now() - server.heard : 0);
}

export function since(iso) {
  return iso ? Math.max(0, (now() - Date.parse(iso)) / 1000) : 0;
}

export function attemptOf(job) {
  return job.attempts?.[String(job.attempt)] ?? {};
}

/** The newest sign of life of a running job. */
export function lastSign(job) {
  const attempt = attemptOf(job);
  return [job.progress?.at, attempt.progress_at, attempt.started_at, job.started_at].filter(Boolean).sort().at(-1) ?? job.created_at;
}

/** "" or why its progress should not be taken for fresh. */
export function doubt(job, worker) {
  if (!ACTIVE.has(job.state)) return "";
  if (worker && ["stale", "disconnected"].includes(worker.state)) return `worker ${worker.state}`;
  if (!job.progress?.at) return ""; // it never said how far it is: nothing to doubt
  const silence = since(job.progress.at);
  return silence > QUIET_S ? `no update for ${ago(silence)}` : "";
}

/** The overall as a fraction, or null where nobody knows. */
export function overall(job) {
  if (job.state === "completed") return 1;
  return job.progress?.overall ?? (ACTIVE.has(job.state) ? null : 0);
}

/** `0:40–1:10 left`, from the estimate that the server stamped, less the time since. */
export function remaining(job) {
  const estimate = job.estimate;
  if (!estimate || job.input || !ACTIVE.has(job.state)) return "";
  const passed = since(estimate.at);
  const left = (seconds) => Math.max(0, seconds - passed);
  if (estimate.low_s === null || estimate.low_s === undefined || estimate.high_s === null || estimate.high_s === undefined) {
    return `about ${clock(left(estimate.p50_s))} left`;
  }
  const [low, high] = [clock(left(estimate.low_s)), clock(left(estimate.high_s))];
  return low === high ? `${low} left` : `${low}–${high} left`;
}

/** What it is doing: `parse · 120 of 400 files · reading ast.py`. */
export function doing(job) {
  const progress = job.progress ?? {};
  const parts = [];
  if (progress.stage) parts.push(progress.stage.replaceAll("/", " › "));
  const count = counted(progress);
  if (count) parts.push(count);
  if (progress.message) parts.push(progress.message);
  return parts.join(" · ");
}

/** One line under the kind: what it does, waits for, or ended with. */
export function line(job) {
  switch (job.state) {
    case "running":
      return attemptOf(job).phase === "offered" ? "offered to a worker" : doing(job) || "running";
    case "cancelling":
      return job.cancel?.acknowledged_at ? "stopping, clean-up runs" : "asked to stop";
    case "failed":
      return job.error ? `${job.error.type}: ${job.error.message}` : (job.reason ?? "failed").replaceAll("_", " ");
    case "cancelled":
      return (job.cancel?.reason || job.reason || "cancelled").replaceAll("_", " ");
    case "completed":
      return brief(job.result) || doing(job) || "done";
    case "scheduled":
      return job.run_at ? `starts in ${clock(Math.max(0, (Date.parse(job.run_at) - now()) / 1000))}` : "scheduled";
    case "blocked":
      return `waits for ${job.after?.length ?? 0} ${job.after?.length === 1 ? "job" : "jobs"}`;
    default:
      return job.held ? "held" : "waits for a worker";
  }
}

function brief(result) {
  if (result === null || result === undefined) return "";
  if (typeof result !== "object") return String(result);
  return isToolResult(result) ? toolFacts(result) : plainFacts(result);
}

function plainFacts(values) {
  const entries = Object.entries(values).filter(([, value]) => typeof value !== "object");
  return entries.slice(0, 5).map(([key, value]) => `${key} ${typeof value === "number" ? amount(value) : oneLine(value)}`).join(" · ");
}

function oneLine(value) {
  return String(value).split(/\s+/).filter(Boolean).join(" ");
}

/** As the MCP connector leaves what a tool gave; the rule of model/toolresult.py. */
function isToolResult(result) {
  return Array.isArray(result.content) && typeof result.server === "string" && typeof result.protocol === "string";
}

/** The first line of its text, or the plain values of its structured part. */
export function toolFacts({ content, structured }) {
  const isObject = typeof structured === "object" && structured !== null && !Array.isArray(structured);
  const facts = isObject ? plainFacts(structured) : "";
  const texts = content.map((block) => block?.text).filter((text) => typeof text === "string");
  const text = texts.flatMap((each) => each.slice(0, 1_000_000).split("\n")).map(oneLine).find(Boolean) ?? "";
  const said = facts && /^[{[]/.test(text) ? facts : text || facts;
  const letters = [...said];
  return letters.length <= 160 ? said : `${letters.slice(0, 159).join("")}…`;
}

/** How long it has run, waited, or took. */
export function took(job) {
  if (job.finished_at) return job.started_at ? spent((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000) : "";
  if (ACTIVE.has(job.state)) return job.started_at ? clock(since(job.started_at)) : "";
  return clock(since(job.queued_at ?? job.created_at));
}

/** Its label on a badge. */
export function badge(job) {
  if (job.state === "cancelling") return "cancelling…";
  if (job.input) return "needs input";
  if (job.held && WAITING.has(job.state)) return "held";
  if (job.state === "failed" && job.reason && job.reason !== "failed") return job.reason.replaceAll("_", " ");
  return job.state;
}
