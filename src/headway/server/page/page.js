// The page: one view of what the address names, one connection for it, one picture per animation frame.

import { el, moment, put } from "./dom.js";
import { hear, run } from "./facts.js";
import { Job } from "./job.js";
import { api, Link, token } from "./link.js";
import { List } from "./list.js";
import { View } from "./view.js";

const main = document.getElementById("main");
const pill = document.getElementById("pill");
const pillText = document.getElementById("pill-text");
const asOf = document.getElementById("as-of");
const fleet = document.getElementById("fleet");

const GREY_MS = 20_000; // nothing heard for so long: not live, whatever the socket says

const state = { view: null, screen: null, link: null, drawing: false, heardAt: 0, name: "connecting", detail: null };

function open() {
  state.link?.close();
  const job = /^#\/job\/(.+)$/.exec(location.hash);
  state.view = new View();
  state.screen = job ? new Job(state.view, decodeURIComponent(job[1])) : new List(state.view);
  main.replaceChildren(state.screen.element);
  main.setAttribute("aria-busy", "true");
  scrollTo(0, 0);
  state.link = new Link(state.screen.topics, { onFrame: take, onState: change });
}

function take(frame) {
  const took = state.view.take(frame);
  if (frame.now) hear(frame.now);
  state.heardAt = performance.now();
  if (took === "applied") schedule();
  return took;
}

/** Draw with the next animation frame; a hidden page draws four times a second, for its title. */
function schedule() {
  if (state.drawing) return;
  state.drawing = true;
  if (document.visibilityState === "visible") requestAnimationFrame(draw);
  else setTimeout(draw, 250);
}

function draw() {
  state.drawing = false;
  const { view, screen } = state;
  const change = { whole: view.whole, dirty: view.dirty };
  view.whole = false;
  view.dirty = new Set();
  screen.draw(change);
  if (view.ready) main.setAttribute("aria-busy", "false");
  document.title = screen.title;
  drawFleet();
  drawPill();
}

function drawFleet() {
  const workers = [...state.view.documents.worker.values()].filter((worker) => !worker.internal);
  const machines = new Set(workers.map((worker) => worker.machine).filter(Boolean));
  const alive = workers.filter((worker) => ["online", "draining"].includes(worker.state));
  const troubled = workers.filter((worker) => ["stale", "problem", "lost"].includes(worker.state) || worker.problems?.length);
  const words = [`${alive.length} ${alive.length === 1 ? "worker" : "workers"}`];
  if (machines.size > 1) words.push(`${machines.size} machines`);
  if (troubled.length) words.push(`${troubled.length} in trouble`);
  put(fleet, state.view.ready ? words.join(" · ") : "");
  fleet.dataset.trouble = troubled.length > 0;
  fleet.title = troubled.map((worker) => `${worker.id}: ${worker.problems?.at(-1)?.problem ?? worker.state}`).join("\n");
}

// -- the connection, as it is

function change(name, detail) {
  if (name === "live") state.heardAt = performance.now();
  if (state.name === name && name === "live") return;
  state.name = name;
  state.detail = detail;
  drawPill();
  if (name === "denied") askForToken();
}

function drawPill() {
  const silent = performance.now() - state.heardAt > GREY_MS;
  const live = state.name === "live" && !silent && state.view.ready;
  run(live);
  document.body.dataset.link = live ? "live" : state.name === "denied" ? "asked" : "away";
  pill.dataset.link = live ? "live" : state.name === "live" ? "connecting" : state.name;
  put(pillText, live ? "Live" : words());
  put(asOf, state.view.asOf ? `as of ${moment(state.view.asOf, { millis: true })}` : "");
}

function words() {
  switch (state.name) {
    case "waiting": {
      const seconds = Math.ceil((state.detail - Date.now()) / 1000);
      return navigator.onLine === false ? "Offline" : seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting";
    }
    case "denied":
      return "Token needed";
    case "refused":
      return state.detail;
    case "live":
      return state.view.ready ? "Silent" : "Catching up";
    default:
      return "Connecting";
  }
}

function askForToken() {
  const field = el("input", { type: "password", autocomplete: "off", required: true, id: "token" });
  const form = el("form", { className: "empty" }, el("h2", {}, "This server asks for a token"), el("label", { for: "token" }, "Token"), field, el("button", { type: "submit" }, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token.set(field.value.trim());
    open();
  });
  main.replaceChildren(form);
  field.focus();
}

put(document.getElementById("curl"), `curl -N -H 'Accept: text/event-stream' '${api("live?topic=jobs")}'`);
addEventListener("hashchange", open);
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  drawPill();
  if (document.body.dataset.link === "live") state.screen.tick();
}, 500);
open();
