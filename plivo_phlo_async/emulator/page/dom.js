// Builds the elements of the page. Data goes in as text only: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `attributes` as texts, functions as listeners; children are nodes or texts. */
export function el(name, attributes = {}, ...children) {
  return completed(document.createElement(name), attributes, children);
}

/** The same for an element of a drawing. */
export function svgEl(name, attributes = {}, ...children) {
  return completed(document.createElementNS(SVG, name), attributes, children);
}

function completed(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(key, value);
    else made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A copy of a drawing in the page's sprite. */
export function icon(name) {
  if (!drawings.has(name)) drawings.set(name, draw(name));
  return drawings.get(name).cloneNode(true);
}

const drawings = new Map();

function draw(name) {
  // A copy: hundreds of references to one drawing render more slowly.
  const drawing = document.createElementNS(SVG, "svg");
  const attributes = { class: "icon", "aria-hidden": "true", viewBox: "0 0 12 12" };
  for (const [key, value] of Object.entries(attributes)) drawing.setAttribute(key, value);
  drawing.append(...(byId(`i-${name}`)?.cloneNode(true).childNodes ?? []));
  return drawing;
}

export const byId = (id) => document.getElementById(id);

/** Make `wanted` the children of `parent`, in that order, with as few moves as possible. */
export function sync(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  let at = parent.firstChild;
  for (const child of wanted) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
}

/**
 * A list whose rows stay while their items change: `make(item)` returns `{ element, update(item) }`.
 * A row that moves keeps the focus.
 */
export class Rows {
  constructor(list, make) {
    this.list = list;
    this.make = make;
    this.rows = new Map();
  }

  /** Draw the items; `keyOf` identifies each. */
  draw(items, keyOf) {
    const focused = document.activeElement;
    const rows = new Map(items.map((item) => [keyOf(item), this.drawRow(item, keyOf(item))]));
    this.rows = rows;
    sync(this.list, [...rows.values()].map((row) => row.element));
    if (focused !== document.activeElement && this.list.contains(focused)) focused.focus();
  }

  drawRow(item, key) {
    const row = this.rows.get(key) ?? this.make(item);
    const text = JSON.stringify(item);
    if (row.text !== text) row.update(item);
    row.text = text;
    return row;
  }
}

/** Set the text of an element, unless it is set already. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Do `work`; show its error, or none, as one line in `box`. */
export async function attempt(box, work) {
  let wrong = "";
  try {
    await work();
  } catch (error) {
    wrong = error.message;
  }
  refuse(box, wrong);
}

/** Show one line that says why something in `box` was refused; "" hides it. */
export function refuse(box, text) {
  const line = box.querySelector(".refused");
  say(line, text);
  line.hidden = !text;
}

/** Say `text` to a screen reader. */
export function announce(text) {
  byId("heard").replaceChildren(text);
}

const two = (number) => String(number).padStart(2, "0");

/** A duration as `0:07`, `12:30` or `1:02:03`. */
export function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A time, in the browser's time zone. */
export function timeOf(seconds) {
  const moment = new Date(seconds * 1000);
  const clock = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
  return el("time", { datetime: moment.toISOString() }, clock);
}

export const words = (name) => String(name ?? "").replaceAll("_", " ");

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** The form that all spellings of an address share: without one leading `+`. */
export const canonical = (address) => String(address ?? "").replace(/^\+/, "");

/** A block of text to copy: a title, a button, the text. */
export function copyable(title, text) {
  const code = el("pre", { tabindex: "0", role: "group", "aria-label": title }, text);
  const button = el("button", { type: "button", class: "copy" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${title}`);
  button.addEventListener("click", async () => {
    const done = await copy(text, code);
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return el("div", { class: "copyable" }, el("div", { class: "bar" }, el("h3", {}, title), button), code);
}

async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS, a browser offers the clipboard to loopback pages only.
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

/** Return a function that runs `work` once before the next frame, however often it is called. */
export function perFrame(work) {
  let asked = false;
  const run = () => {
    if (!asked) return;
    asked = false;
    clearTimeout(fallback);
    work();
  };
  let fallback = 0;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(run);
    // A page in the background draws no frames, but must not fall behind.
    fallback = setTimeout(run, 1000);
  };
}
