// The board: figures, then jobs in three groups. A row is made once and changed in place; groups are put in order at
// most four times a second, by moving only rows that are elsewhere.

import { ago, arrange, bar, el, moment, percent, put } from "./dom.js";
import { ACTIVE, WAITING, badge, doubt, line, overall, remaining, since, took } from "./facts.js";
import { cancelButton } from "./actions.js";
import { FINAL } from "./view.js";

const MOST = { running: 200, waiting: 100, finished: 100 };

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
    for (const id of whole ? jobs.keys() : dirty) this.#row(id);
    if (whole) for (const id of [...this.rows.keys()]) if (!jobs.has(id)) this.rows.delete(id);
    this.#order(whole);
  }

  /** What changes with time alone. */
  tick() {
    for (const group of Object.values(this.groups)) for (const row of group.shown) row.tick(this.view);
  }

  #row(id) {
    const job = this.view.documents.job.get(id);
    if (!job) {
      this.rows.delete(id);
      return;
    }
    let row = this.rows.get(id);
    if (!row) this.rows.set(id, (row = new Row(job)));
    row.show(job, this.view);
  }

  #order(whole) {
    const last = this.orderedAt ?? -1e9;
    clearTimeout(this.later);
    if (!whole && performance.now() - last < 250) {
      this.later = setTimeout(() => this.#order(true), 260);
      return;
    }
    this.orderedAt = performance.now();
    const all = [...this.rows.values()];
    const by = (key, descending) => (a, b) => {
      const [left, right] = [a.job[key] ?? "", b.job[key] ?? ""];
      return (left < right ? -1 : left > right ? 1 : a.job.id < b.job.id ? -1 : 1) * (descending ? -1 : 1);
    };
    const first = (a, b) => (b.job.priority ?? 0) - (a.job.priority ?? 0) || by("created_at")(a, b);
    const total = (states) => this.view.total(...states);
    this.groups.running.show(all.filter((row) => ACTIVE.has(row.job.state)).sort(by("started_at", true)), MOST.running, total(ACTIVE));
    this.groups.waiting.show(all.filter((row) => WAITING.has(row.job.state)).sort(first), MOST.waiting, total(WAITING));
    this.groups.finished.show(all.filter((row) => FINAL.has(row.job.state)).sort(by("finished_at", true)), MOST.finished, total(FINAL));
    this.tick();
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
    this.shown = [];
    this.more = el("p", { className: "more" });
    this.rows = el("ul", { className: "rows" });
    this.element = el("section", { className: "group", "data-group": name, hidden: true }, el("h2", {}, title), this.rows, this.more);
  }

  show(rows, most, total) {
    this.shown = rows.slice(0, most);
    this.element.hidden = rows.length === 0;
    const left = Math.max(total, rows.length) - this.shown.length;
    put(this.more, left > 0 ? `and ${left.toLocaleString("en")} more` : "");
    this.more.hidden = left <= 0;
    arrange(this.rows, this.shown.map((row) => row.element));
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
  const command = `curl -X POST ${new URL("api/v1/jobs", document.baseURI)} \\\n  -H 'Content-Type: application/json' \\\n  -d '{"kind": "hello", "args": {"name": "world"}}'`;
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
