// What may be done to a job from here. A cancel is asked twice, and shown as asked until the worker confirms.

import { el, put } from "./dom.js";
import { ask, authorized, token } from "./link.js";
import { FINAL } from "./view.js";

const SURE_MS = 3_000;

/** A button that cancels the job that `jobNow` gives; `refresh` after the job changed. */
export function cancelButton(jobNow) {
  const button = el("button", { type: "button", className: "cancel" }, "Cancel");
  let armed = 0;

  button.refresh = () => {
    const job = jobNow();
    const over = FINAL.has(job.state);
    button.hidden = over;
    button.disabled = job.state === "cancelling";
    if (!armed) put(button, job.state === "cancelling" ? "Cancelling…" : "Cancel");
    button.setAttribute("aria-label", `Cancel ${job.kind} ${job.id}`);
  };
  button.addEventListener("click", async () => {
    if (!armed) {
      put(button, "Really?");
      button.dataset.armed = "true";
      armed = setTimeout(disarm, SURE_MS);
      return;
    }
    disarm();
    button.disabled = true;
    put(button, "Asking…");
    try {
      await ask("POST", `jobs/${encodeURIComponent(jobNow().id)}/cancel`, { reason: "cancelled on the page" });
    } catch (error) {
      say(error.message);
      button.disabled = false;
    }
    button.refresh();
  });

  function disarm() {
    clearTimeout(armed);
    armed = 0;
    delete button.dataset.armed;
    button.refresh();
  }

  return button;
}

/** A button that makes a new job of the same input, and shows it. */
export function retryButton(jobNow) {
  const button = el("button", { type: "button", className: "quiet" }, "Run again");
  button.refresh = () => (button.hidden = !FINAL.has(jobNow().state) || Boolean(jobNow().retried_by) || Boolean(jobNow().adopted));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const made = await ask("POST", `jobs/${encodeURIComponent(jobNow().id)}/retry`, {});
      location.hash = `#/job/${encodeURIComponent(made.id)}`;
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  });
  return button;
}

/** A link that saves a file. A plain link carries no token, so with one the file is fetched first. */
export function download(href, name, text) {
  const link = el("a", { href, download: name }, text);
  link.addEventListener("click", async (event) => {
    if (!token.get()) return;
    event.preventDefault();
    const response = await fetch(href, { headers: authorized() });
    if (!response.ok) return say(`The server answered ${response.status}.`);
    const url = URL.createObjectURL(await response.blob());
    el("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
  return link;
}

/** A sentence at the bottom of the page for a few seconds. */
export function say(sentence) {
  const toast = el("p", { className: "toast", role: "alert" }, sentence);
  document.body.append(toast);
  setTimeout(() => toast.remove(), 8_000);
}
