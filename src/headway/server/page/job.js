// One job: where it stands, its stages, its facts, its log, followed live. Log lines are numbered; what the snapshot
// leaves out at the beginning is said.

import { cancelButton, download, retryButton } from "./actions.js";
import { ago, amount, arrange, bar, counted, el, moment, percent, put, size, spent } from "./dom.js";
import { ACTIVE, attemptOf, badge, doubt, lastSign, line, overall, remaining, since, took } from "./facts.js";
import { api } from "./link.js";
import { FINAL } from "./view.js";

const LINES_SHOWN = 2_000;

export class Job {
  constructor(view, id) {
    this.view = view;
    this.id = id;
    this.topics = [`job:${id}`, `logs:${id}`, "workers"];
    this.stages = new Map();
    this.drawnLine = 0;
    this.follow = true;
    this.element = el("article", { className: "job" });
    this.notice = el("p", { className: "plain", role: "status" }, "Looking…");
    this.element.append(el("a", { className: "back", href: "#/" }, "‹ All jobs"), this.notice);
  }

  get job() {
    return this.view.documents.job.get(this.id);
  }

  get title() {
    const { job } = this;
    if (!job) return "Headway";
    const known = overall(job);
    return `${ACTIVE.has(job.state) && known !== null ? `${percent(known)} ` : ""}${job.kind} ${badge(job)} · Headway`;
  }

  draw({ whole }) {
    const { job } = this;
    this.notice.hidden = Boolean(job);
    if (!job) {
      if (this.view.ready) put(this.notice, `No job has the id ${this.id}. It may have been deleted.`);
      return;
    }
    if (!this.head) this.#build();
    if (whole) this.#forgetLines();
    this.element.dataset.state = job.state;
    put(this.badge, badge(job));
    put(this.percent, overall(job) === null ? "" : percent(overall(job)));
    this.track.hidden = !ACTIVE.has(job.state) && job.state !== "completed" && !job.progress?.overall;
    this.cancel.refresh();
    this.retry.refresh();
    this.#drawStages();
    this.#drawFacts();
    this.#drawBoxes();
    this.#drawLines();
    this.tick();
  }

  tick() {
    const { job } = this;
    if (!job || !this.head) return;
    const why = doubt(job, this.view.documents.worker.get(job.worker));
    this.bar.show(overall(job), `${job.state}${why ? " quiet" : ""}`);
    put(this.doing, line(job));
    const parts = [took(job) && `${ACTIVE.has(job.state) ? "running" : job.finished_at ? "took" : "waiting"} ${took(job)}`, remaining(job)];
    if (job.estimate && ACTIVE.has(job.state)) parts.push(job.estimate.basis);
    if (ACTIVE.has(job.state)) parts.push(why || `last sign of life ${ago(since(lastSign(job)))}`);
    put(this.times, parts.filter(Boolean).join(" · "));
    this.times.dataset.doubt = Boolean(why);
  }

  #build() {
    const { job } = this;
    this.badge = el("span", { className: "badge" });
    this.percent = el("span", { className: "percent" });
    this.doing = el("p", { className: "doing" });
    this.times = el("p", { className: "times" });
    this.bar = bar(`Progress of ${job.kind}`);
    this.track = el("div", { className: "track" }, this.bar, this.percent);
    this.cancel = cancelButton(() => this.job);
    this.retry = retryButton(() => this.job);
    this.head = el(
      "header",
      { className: "head" },
      el("div", { className: "title" }, el("h1", {}, job.kind), this.badge, el("code", {}, job.id), el("span", { className: "push" }), this.retry, this.cancel),
      this.doing,
      this.track,
      this.times,
    );
    this.stageList = el("ol", { className: "stages" });
    this.stageBox = el("section", { className: "box" }, el("h2", {}, "Stages"), this.stageList);
    this.facts = el("dl", { className: "facts" });
    this.boxes = el("div", { className: "boxes" });
    this.logState = el("span", { className: "faint" });
    this.log = el("div", { className: "log", tabIndex: 0, role: "log", "aria-label": "Log", "aria-live": "off" });
    this.log.addEventListener("scroll", () => (this.follow = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40));
    this.whole = download(api(`jobs/${encodeURIComponent(this.id)}/logs`), `${this.id}.log`, "Download");
    this.logBox = el("section", { className: "box wide" }, el("h2", {}, "Log ", this.logState, this.whole), this.log);
    const columns = el("div", { className: "columns" }, this.stageBox, el("section", { className: "box" }, el("h2", {}, "Facts"), this.facts));
    this.element.append(this.head, columns, this.boxes, this.logBox);
  }

  // -- stages

  #drawStages() {
    const attempt = attemptOf(this.job);
    const paths = [];
    const walk = (plan, prefix, depth) => {
      for (const stage of plan ?? []) {
        paths.push([prefix + stage.name, depth]);
        walk(stage.stages, `${prefix}${stage.name}/`, depth + 1);
      }
    };
    walk(attempt.plan, "", 0);
    const planned = new Set(paths.map(([path]) => path));
    for (const path of Object.keys(attempt.stages ?? {})) if (path && !planned.has(path)) paths.push([path, path.split("/").length - 1]);
    this.stageBox.hidden = paths.length === 0;
    arrange(this.stageList, paths.map(([path, depth]) => this.#stage(path, depth, attempt.stages?.[path])));
  }

  #stage(path, depth, stage) {
    let row = this.stages.get(path);
    if (!row) {
      row = { bar: bar(path), count: el("span", { className: "count" }) };
      row.element = el("li", {}, el("span", { className: "stage" }, path.split("/").at(-1)), row.bar, row.count);
      this.stages.set(path, row);
    }
    const state = stage?.state === "running" && !ACTIVE.has(this.job.state) ? "stopped" : (stage?.state ?? "pending");
    row.element.dataset.state = state;
    row.element.style.setProperty("--depth", depth);
    const fraction = state === "completed" ? 1 : stage ? (stage.fraction ?? (state === "running" ? null : 0)) : 0;
    row.bar.show(fraction, state === "completed" ? "completed" : "running");
    const count = counted(stage ?? {});
    const over_s = stage?.started_at && stage?.ended_at ? (Date.parse(stage.ended_at) - Date.parse(stage.started_at)) / 1000 : null;
    put(row.count, [count, over_s === null ? "" : spent(over_s)].filter(Boolean).join(" · ") || (stage ? "" : "not yet"));
    return row.element;
  }

  // -- facts and boxes

  #drawFacts() {
    const { job } = this;
    const cancel = job.cancel ?? {};
    const facts = [
      ["Worker", job.worker],
      ["Attempt", job.attempt ? `${job.attempt} · ${job.tries ?? 0} of ${job.max_attempts} tries used` : null],
      ["Queue", job.priority ? `${job.queue} · priority ${job.priority}` : job.queue],
      ["Labels", Object.entries(job.labels ?? {}).map(([key, value]) => `${key}=${value}`).join("  ")],
      ["Created", moment(job.created_at)],
      ["Started", moment(job.started_at)],
      ["Ended", moment(job.finished_at)],
      ["Cancel", ["requested", "delivered", "acknowledged", "stopped", "cleaned"].filter((step) => cancel[`${step}_at`]).map((step) => `${step} ${moment(cancel[`${step}_at`])}`).join(" · ")],
      ["Clean-up", cancel.cleaned],
      ["Steps", job.steps ? `${job.steps}: ${(job.last_steps ?? []).join(", ")}` : null],
      ["Retry of", job.retry_of && el("a", { href: `#/job/${job.retry_of}` }, job.retry_of)],
      ["Retried by", job.retried_by && el("a", { href: `#/job/${job.retried_by}` }, job.retried_by)],
    ].filter(([, value]) => value);
    const drawn = JSON.stringify(facts.map(([key, value]) => [key, typeof value === "string" ? value : value.href]));
    if (drawn === this.drawnFacts) return;
    this.drawnFacts = drawn;
    this.facts.replaceChildren(...facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
  }

  #drawBoxes() {
    const { job } = this;
    const parts = { error: job.error, notes: job.notes, args: job.args, result: job.result, artifacts: job.artifacts };
    const drawn = JSON.stringify(parts);
    if (drawn === this.drawnBoxes) return;
    this.drawnBoxes = drawn;
    const boxes = [];
    if (job.error) boxes.push(box("Error", el("pre", { className: "bad" }, job.error.traceback || `${job.error.type}: ${job.error.message}`), true));
    if (job.notes?.length) {
      const said = job.notes.map((note) => el("li", {}, `${note.level ?? note.type ?? "note"}: ${note.message ?? ""}`));
      boxes.push(box(`Notes (${(job.warnings ?? 0) + (job.errors ?? 0)})`, el("ul", {}, ...said)));
    }
    if (job.args && Object.keys(job.args).length) boxes.push(box("Input", el("pre", {}, JSON.stringify(job.args, null, 2))));
    if (job.result !== undefined && job.result !== null) boxes.push(box("Result", el("pre", {}, JSON.stringify(job.result, null, 2))));
    const artifacts = Object.entries(job.artifacts ?? {});
    if (artifacts.length) boxes.push(box("Artifacts", el("ul", { className: "files" }, ...artifacts.map(([name, file]) => this.#file(name, file)))));
    this.boxes.replaceChildren(...boxes);
  }

  #file(name, file) {
    const href = api(`jobs/${encodeURIComponent(this.id)}/artifacts/${name.split("/").map(encodeURIComponent).join("/")}`);
    return el("li", {}, download(href, name.split("/").at(-1), name), el("span", { className: "faint" }, ` ${size(file.size ?? 0)}`));
  }

  // -- log

  #forgetLines() {
    this.drawnLine = 0;
    this.log.replaceChildren();
  }

  #drawLines() {
    const { lines, lastLine } = this.view;
    const fresh = [];
    let missing = 0;
    for (let number = Math.max(this.drawnLine + 1, lastLine - LINES_SHOWN + 1); number <= lastLine; number++) {
      const found = lines.get(number);
      if (found) {
        if (missing) fresh.push(el("div", { className: "faint" }, `… ${amount(missing)} lines are not here; the download has them …`));
        missing = 0;
        fresh.push(logLine(found));
      } else if (this.drawnLine || fresh.length) missing += 1;
    }
    this.drawnLine = lastLine;
    this.log.append(...fresh);
    while (this.log.childElementCount > LINES_SHOWN) this.log.firstChild.remove();
    const first = Number(this.log.firstChild?.dataset?.number ?? 0);
    put(this.logState, lastLine ? `${amount(lastLine)} ${lastLine === 1 ? "line" : "lines"}${first > 1 ? `, shown from ${amount(first)}` : ""}${this.job.log_cut ? ` · ${this.job.log_cut}` : ""}` : FINAL.has(this.job.state) ? "no lines" : "nothing yet");
    this.log.hidden = lastLine === 0;
    this.whole.hidden = lastLine === 0;
    if (fresh.length && this.follow) this.log.scrollTop = this.log.scrollHeight;
  }
}

function box(title, content, wide = false) {
  return el("section", { className: wide ? "box wide" : "box" }, el("h2", {}, title), content);
}

/** Escape sequences are left out: what remains is text, and put in as text. */
function plain(text) {
  return text.replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g, "");
}

function logLine([number, at, level, text]) {
  const line = el("div", { "data-level": level }, el("time", { dateTime: at, title: at }, moment(at)), el("span", {}, plain(text)));
  line.dataset.number = number;
  return line;
}
