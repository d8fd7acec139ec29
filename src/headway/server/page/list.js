// The board: figures, then jobs in three groups. A row is made once and changed in place; groups are put in order at
// most four times a second, by moving only rows that are elsewhere.

import { ago, arrange, bar, el, moment, percent, put } from "./dom.js";
import { ACTIVE, WAITING, badge, doubt, line, overall, remaining, since, took } from "./facts.js";
import { cancelButton } from "./actions.js";
import { api } from "./link.js";
import { FINAL } from "./view.js";

const ORDER_MS = 250;

function by(key, step) {
  return (a, b) => {
    const [left, right] = [a[key] ?? "", b[key] ?? ""];
    if (left === right) return a.id < b.id ? -step : step;
    return left < right ? -step : step;
  };
}

const oldest = by("created_at", 1);

const GROUPS = {
  running: { states: ACTIVE, most: 200, before: by("started_at", -1) },
  waiting: { states: WAITING, most: 100, before: (a, b) => (b.priority ?? 0) - (a.priority ?? 0) || oldest(a, b) },
  finished: { states: FINAL, most: 100, before: by("finished_at", -1) },
};

export class List {
  topics = ["jobs", "workers"];

  constructor(view) {
    this.view = view;
    this.rows = new Map();
    this.figures = ["running", "waiting", "completed", "failed", "cancelled"].map((name) => new Figure(name));
    this.groups = {
      running: new Group("Running", "running"),
      waiting: new Group("Waiting", "waiting"),
      finished: new Group("Finished", "finished"),
    };
    this.empty = emptyPage();
    this.notice = el("p", { className: "plain", role: "status" }, "Waiting for the first consistent picture…");
    this.element = el("div", { className: "board" });
    this.element.append(
      el("div", { className: "figures" }, ...this.figures.map((figure) => figure.element)),
      this.notice,
      this.empty,
      ...Object.values(this.groups).map((group) => group.element),
    );
  }

  get title() {
    const [running, failed] = [this.view.total("running", "cancelling"), this.view.total("failed")];
    return `${running ? `${running} running · ` : ""}${failed ? `${failed} failed · ` : ""}Headway`;
  }

  /** Draw what changed; `whole` when everything may have. */
  draw({ whole, dirty }) {
    const { view } = this;
    this.notice.hidden = view.ready;
    const jobs = view.documents.job;
    this.empty.hidden = !view.ready || jobs.size > 0;
    const numbers = [
      view.total("running", "cancelling"), view.total("queued", "scheduled", "blocked"),
      view.total("completed"), view.total("failed"), view.total("cancelled"),
    ];
    this.figures.forEach((figure, place) => figure.show(numbers[place]));
    for (const id of whole ? this.rows.keys() : dirty) {
      const job = jobs.get(id);
      if (job) this.rows.get(id)?.show(job, view);
    }
    this.#order(whole);
  }

  /** What changes with time alone. */
  tick() {
    for (const row of this.rows.values()) row.tick(this.view);
  }

  /** Put the groups in order. A row exists only while it is shown: of thousands that wait, a hundred. */
  #order(whole) {
    clearTimeout(this.later);
    if (!whole && performance.now() - (this.orderedAt ?? -1e9) < ORDER_MS) {
      this.later = setTimeout(() => this.#order(true), ORDER_MS);
      return;
    }
    this.orderedAt = performance.now();
    const jobs = [...this.view.documents.job.values()];
    const shown = new Map();
    for (const [name, group] of Object.entries(this.groups)) {
      const { states, most, before } = GROUPS[name];
      const mine = jobs.filter((job) => states.has(job.state)).sort(before);
      const rows = mine.slice(0, most).map((job) => this.#row(job));
      for (const row of rows) shown.set(row.job.id, row);
      group.show(rows, Math.max(this.view.total(...states), mine.length));
    }
    this.rows = shown;
  }

  #row(job) {
    let row = this.rows.get(job.id);
    if (!row) {
      row = new Row(job);
      row.show(job, this.view);
    }
    return row;
  }
}

class Figure {
  constructor(name) {
    this.number = el("strong", {}, "–");
    this.element = el("div", { className: "figure", "data-state": name }, this.number, el("span", {}, name));
  }

  show(number) {
    put(this.number, number.toLocaleString("en"));
    this.element.dataset.none = number === 0;
  }
}

class Group {
  constructor(title, name) {
    this.more = el("p", { className: "more" });
    this.rows = el("ul", { className: "rows" });
    this.element = el("section", { className: "group", "data-group": name, hidden: true }, el("h2", {}, title), this.rows, this.more);
  }

  show(rows, total) {
    this.element.hidden = rows.length === 0;
    const left = total - rows.length;
    put(this.more, left > 0 ? `and ${left.toLocaleString("en")} more` : "");
    this.more.hidden = left <= 0;
    arrange(this.rows, rows.map((row) => row.element));
  }
}

class Row {
  constructor(job) {
    this.badge = el("span", { className: "badge" });
    this.doing = el("span", { className: "doing" });
    this.percent = el("span", { className: "percent" });
    this.bar = bar(`Progress of ${job.kind}`);
    this.left = el("span", { className: "left" });
    this.took = el("span", { className: "took" });
    this.age = el("span", { className: "age" });
    this.worker = el("span", { className: "worker" });
    this.cancel = cancelButton(() => this.job);
    this.element = el(
      "li",
      { className: "row" },
      el("a", { className: "name", href: `#/job/${encodeURIComponent(job.id)}` }, el("b", {}, job.kind), el("code", {}, job.id.slice(-6))),
      this.badge,
      el("div", { className: "middle" }, this.doing, el("div", { className: "track" }, this.bar, this.percent)),
      el("div", { className: "times" }, this.left, this.took),
      el("div", { className: "where" }, this.worker, this.age),
      this.cancel,
    );
  }

  show(job, view) {
    this.job = job;
    this.element.dataset.state = job.state;
    put(this.badge, badge(job));
    const known = overall(job);
    put(this.percent, known === null ? "" : WAITING.has(job.state) ? "" : percent(known));
    this.cancel.refresh();
    this.tick(view);
  }

  tick(view) {
    const { job } = this;
    const worker = view.documents.worker.get(job.worker);
    const why = doubt(job, worker);
    put(this.doing, line(job));
    this.doing.title = this.doing.textContent;
    this.bar.show(overall(job), `${job.state}${why ? " quiet" : ""}`);
    put(this.left, why && !ACTIVE.has(job.state) ? "" : remaining(job));
    put(this.took, took(job));
    put(this.worker, ACTIVE.has(job.state) ? (job.worker ?? "") : job.queue && job.queue !== "default" ? job.queue : "");
    put(this.age, this.#age(why));
    this.age.dataset.doubt = Boolean(why);
  }

  #age(why) {
    const { job } = this;
    if (why) return why;
    if (ACTIVE.has(job.state)) {
      return job.progress?.at ? `updated ${agoText(since(job.progress.at))}` : "";
    }
    if (job.finished_at) return moment(job.finished_at);
    return job.priority ? `priority ${job.priority}` : "";
  }
}

function agoText(seconds) {
  return seconds < 1 ? "now" : `${ago(seconds)} ago`;
}

function emptyPage() {
  const command = `curl -X POST ${api("jobs")} \\\n  -H 'Content-Type: application/json' \\\n  -d '{"kind": "hello", "args": {"name": "world"}}'`;
  const copy = el("button", { type: "button", className: "quiet", textContent: "Copy" });
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(command).then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Select it"));
  });
  return el(
    "section",
    { className: "empty", hidden: true },
    el("h2", {}, "No jobs yet"),
    el("p", {}, "Submit one, and it appears here within a moment:"),
    el("pre", {}, command),
    copy,
    el("p", { className: "faint" }, "Or watch any command of yours: ", el("code", {}, "headway run -- make test")),
  );
}
