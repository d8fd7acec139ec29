// Making elements and writing numbers. Everything that comes from a job is put in as a text node, never as markup.

/** An element; `properties` are set as such, `data-…` and `aria-…` as attributes; texts become text nodes. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key.includes("-") || key === "role" || key === "for") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set a text only where it changed, so that a selection survives. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put `children` into `parent` in this order, moving only those that are elsewhere. */
export function arrange(parent, children) {
  let place = parent.firstChild;
  for (const child of children) {
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

const two = (number) => String(number).padStart(2, "0");

/** `0:42`, `12:05`, `2:07:30` */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A time that is over: `0.4 s`, then as `clock`. */
export function spent(seconds) {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** `now`, `42 s`, `5 min`, `3 h`, `2 d` */
export function ago(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** `08:21:07.412`, or with the date when it is not today's. */
export function moment(iso, { millis = false } = {}) {
  if (!iso) return "";
  const at = new Date(iso);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const fine = millis ? `${time}.${String(at.getMilliseconds()).padStart(3, "0")}` : time;
  const today = new Date().toDateString() === at.toDateString();
  return today ? fine : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${fine}`;
}

/** `1,204`, `1.5`, `0.25`: two decimals at most, and none from a thousand on. */
export function amount(number) {
  if (number === null || number === undefined) return "";
  return number.toLocaleString("en", { maximumFractionDigits: Math.abs(number) >= 1000 ? 0 : 2 });
}

/** `312 B`, `4.2 KB`, `1.1 GB`; a KB is 1024 bytes. */
export function size(bytes) {
  const steps = ["B", "KB", "MB", "GB", "TB", "PB"];
  let step = 0;
  let value = bytes;
  while (value >= 1023.95 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  return step ? `${value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${steps[step]}` : `${Math.round(value)} B`;
}

const WRITTEN = new Map([
  ...["B", "byte", "bytes"].map((unit) => [unit, size]),
  ...["s", "sec", "second", "seconds"].map((unit) => [unit, spent]),
]);

/** `120 of 300 files`: the rule of headway.model.amounts. The unit is its author's word, but for %, bytes and seconds. */
export function counted({ current, total, unit }) {
  if (current === null || current === undefined) return "";
  if (unit === "%") return `${amount(current)} %`;
  const write = WRITTEN.get(unit);
  const [text, word] = write ? [write, ""] : [amount, unit ? ` ${unit}` : ""];
  return total === null || total === undefined ? `${text(current)}${word}` : `${text(current)} of ${text(total)}${word}`;
}

/** Percent of a fraction: `0.4 %` below ten, whole above; never 100 before the end. */
export function percent(fraction) {
  if (fraction >= 1) return "100 %";
  const value = Math.min(fraction * 100, 99.9);
  return value > 0 && value < 10 ? `${value.toFixed(1)} %` : `${Math.floor(value)} %`;
}

/** A progress bar whose fill moves by transform. `set(fraction | null, mood)`: null is indeterminate. */
export function bar(label) {
  const fill = el("span", { className: "fill" });
  const element = el("span", { className: "bar", role: "progressbar", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  element.show = (fraction, mood = "") => {
    element.dataset.mood = fraction === null ? `${mood} unknown` : mood;
    if (fraction === null) element.removeAttribute("aria-valuenow");
    else element.setAttribute("aria-valuenow", String(Math.floor(fraction * 100)));
    fill.style.transform = `scaleX(${fraction ?? 1})`;
  };
  return element;
}
