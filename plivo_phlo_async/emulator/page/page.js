// The page: subscribes to the emulator's events and draws each changed part once a frame.

import { ask, part, subscribe } from "./api.js";
import { CallCards } from "./calls.js";
import { Controls } from "./controls.js";
import { Dial } from "./dial.js";
import { announce, byId, count, perFrame, say } from "./dom.js";
import { EndedCalls } from "./ended.js";
import { Flows } from "./flows.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { Model } from "./model.js";
import { Shell } from "./shell.js";
import { Timeline } from "./timeline.js";
import { Webhooks } from "./webhooks.js";

const MARKS = 600;

byId("noscript").remove();

const model = new Model();
const log = new Log(model, failed);
const dial = new Dial();
const cards = new CallCards(model, {
  phone: (act, address, call_id) => perform(() => ask("POST", `/phones/${part(address)}/${act}`, { call_id })),
  dial: (action, call) => dial.open(action, call),
  showLog: (call) => log.only(call),
  menu: new Menu(),
});
const ended = new EndedCalls(model, (call) => log.only(call));
const shell = new Shell(model);
const controls = new Controls(model, perform);
const webhooks = new Webhooks(perform);
const timeline = new Timeline((number) => log.open(number));
const flows = new Flows(model, () => changed("flows"), failed);
const dirty = new Set();
let hush = 0;

const PARTS = {
  calls() {
    cards.draw();
    ended.draw(cards.query);
    shell.draw();
  },
  flows: () => flows.draw(),
  filter: () => log.offer(),
  choices: () => {
    log.offer();
    controls.offer();
  },
  phones: () => controls.drawPhones(),
  faults: () => controls.drawFaults(),
  log: () => log.draw(),
  timeline: () => timeline.draw(),
  webhooks: () => webhooks.draw(),
};

function drawNow() {
  const asked = [...dirty];
  dirty.clear();
  for (const one of asked) PARTS[one]();
  tally();
}

const drawAll = perFrame(drawNow);

function drawNowWith(...parts) {
  for (const one of parts) dirty.add(one);
  drawNow();
}

function changed(...parts) {
  for (const one of parts) dirty.add(one);
  drawAll();
}

function tally() {
  const calls = count(model.calls.size, "call");
  say(byId("tally"), `${calls} · ${count(model.requests, "request")}`);
}

// Events

let waiting = null;
let round = 0;

const HANDLERS = {
  snapshot(dashboard) {
    loadDashboard(dashboard);
    catchUp();
  },
  state(change, number) {
    if (number <= model.seen) return;
    model.step(change);
    if (model.flows.flows.length) changed("flows");
    changed("calls", "filter", ...(change.dialled ? ["phones"] : []));
  },
  run(outline, number) {
    if (number <= model.seen) return;
    model.flows.step(outline);
    Object.assign(model.dialled, outline.dialled);
    flows.onRun(outline);
    if (Object.keys(outline.dialled).length) changed("phones");
  },
  log(entry, number) {
    if (entry.request && number > model.seen) model.requests += 1;
    if (entry.request) byId("timeline").hidden = false;
    log.add(entry);
    waiting?.push(entry);
    if (!waiting) timeline.add(entry);
    changed("log", "timeline");
  },
  delivery(delivery) {
    webhooks.add(delivery);
    changed("webhooks");
  },
  faults({ faults }) {
    model.faults = faults;
    changed("faults");
  },
  phones({ phones }) {
    model.phones = phones;
    changed("phones", "flows");
  },
  callbacks: (callbacks) => webhooks.show(callbacks),
};

// The dashboard is in the page, so that the first paint has the calls.
const first = JSON.parse(byId("first-look").textContent);
loadDashboard(first);
drawNow();
catchUp();

subscribe(
  first.event,
  Object.keys(HANDLERS),
  (kind, data, number) => HANDLERS[kind](data, number),
  (now) => {
    byId("link").dataset.link = now;
    say(byId("link-text"), now === "live" ? "Live" : "Reconnecting");
  },
);

function loadDashboard(dashboard) {
  model.load(dashboard);
  // Show the timeline before it has marks, so that the layout does not shift.
  byId("timeline").hidden = !model.requests;
  flows.reload();
  changed("calls");
  // The calls are drawn first.
  requestAnimationFrame(() => changed("choices", "phones", "faults"));
}

/** Fetch what the dashboard does not have: log, deliveries, callback. */
async function catchUp() {
  const mine = (round += 1);
  waiting = [];
  log.forget();
  try {
    const all = ask("GET", `/log?limit=${MARKS}`);
    const [whole, shown, webhook, callback] = await Promise.all([
      all,
      log.filtered ? log.fetch(MARKS) : all,
      ask("GET", "/deliveries"),
      ask("GET", "/callback"),
    ]);
    if (mine !== round) return;
    const newest = whole.entries[0]?.number ?? 0;
    const late = waiting.filter((entry) => entry.number > newest);
    waiting = null;
    timeline.clear();
    for (const entry of [...whole.entries.reverse(), ...late]) timeline.add(entry);
    whole.entries.reverse();
    log.take(shown);
    webhooks.take(webhook.deliveries);
    webhooks.show(callback);
    changed("log", "timeline", "webhooks");
  } catch (wrong) {
    if (mine === round) waiting = null;
    failed(wrong);
  }
}

// Actions

/** Do `work`, then show `done`, or the error. */
async function perform(work, done = "") {
  try {
    await work();
    if (done) show(done, false);
  } catch (wrong) {
    failed(wrong);
  }
}

function failed(wrong) {
  show(wrong.message, true);
}

function show(text, wrong) {
  clearTimeout(hush);
  byId("said-text").textContent = text;
  byId("said").hidden = false;
  byId("said").dataset.wrong = wrong;
  // An error stays until it is dismissed.
  if (!wrong) hush = setTimeout(() => (byId("said").hidden = true), 4000);
}

cards.search.addEventListener("input", () => {
  drawNowWith("calls");
  announce(`${byId("calls-note").textContent || "No call in progress"}.`);
});

byId("said-close").addEventListener("click", () => (byId("said").hidden = true));

setInterval(() => {
  cards.tick();
  flows.tick();
}, 1000);
