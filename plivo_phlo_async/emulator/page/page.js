// The page: follows the emulator's events and has each part drawn once a frame.

import { CallCards } from "./calls.js";
import { Controls } from "./controls.js";
import { byId, count, perFrame, say } from "./dom.js";
import { Log } from "./log.js";
import { Model } from "./model.js";
import { Timeline } from "./timeline.js";
import { Webhooks } from "./webhooks.js";
import { ask, follow, part } from "./api.js";

const MARKS = 600;

byId("noscript").remove();

const model = new Model();
const cards = new CallCards(model, (act, address) =>
  perform(() => ask("POST", `/phones/${part(address)}/${act}`, {})),
);
const controls = new Controls(model, perform);
const log = new Log(model, failed);
const webhooks = new Webhooks(perform);
const timeline = new Timeline((number) => log.open(number));
const dirty = new Set();
let hush = 0;

const PARTS = {
  calls: () => cards.draw(),
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

function changed(...parts) {
  for (const one of parts) dirty.add(one);
  drawAll();
}

function tally() {
  const calls = count(model.calls.size, "call");
  say(byId("tally"), `${calls} · ${count(model.requests, "request")}`);
}

// What is heard

let waiting = null;
let round = 0;

const HEARD = {
  snapshot(told) {
    takeDashboard(told);
    catchUp();
  },
  state(told, number) {
    if (number <= model.seen) return;
    model.step(told);
    changed("calls", ...(told.dialled ? ["phones"] : []));
  },
  log(entry, number) {
    if (entry.request && number > model.seen) model.requests += 1;
    if (entry.request) byId("timeline").hidden = false;
    log.add(entry);
    waiting?.push(entry);
    if (!waiting) timeline.add(entry);
    changed("log", "timeline");
  },
  delivery(told) {
    webhooks.add(told);
    changed("webhooks");
  },
  faults(told) {
    model.faults = told.faults;
    changed("faults");
  },
  phones(told) {
    model.phones = told.phones;
    changed("phones");
  },
  callbacks: (told) => webhooks.show(told),
};

// The dashboard came with the page, so that the first thing painted has the calls in it.
const first = JSON.parse(byId("first-look").textContent);
takeDashboard(first);
drawNow();
catchUp();

follow(
  first.event,
  Object.keys(HEARD),
  (kind, told, number) => HEARD[kind](told, number),
  (now) => {
    byId("link").dataset.link = now;
    say(byId("link-text"), now === "live" ? "Live" : "Reconnecting");
  },
);

function takeDashboard(told) {
  model.take(told);
  // Its room is taken before its marks are there, so that nothing jumps.
  byId("timeline").hidden = !model.requests;
  changed("calls");
  // What one looks at first is drawn first.
  requestAnimationFrame(() => changed("choices", "phones", "faults"));
}

/** Fetch what the dashboard does not hold: log, deliveries, callback. */
async function catchUp() {
  const mine = (round += 1);
  waiting = [];
  log.forget();
  try {
    const all = ask("GET", `/log?limit=${MARKS}`);
    const [whole, shown, told, callback] = await Promise.all([
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
    webhooks.take(told.deliveries);
    webhooks.show(callback);
    changed("log", "timeline", "webhooks");
  } catch (wrong) {
    if (mine === round) waiting = null;
    failed(wrong);
  }
}

// What is done

/** Do `work`, say that it is done, or why it is not. */
async function perform(work, done = "") {
  try {
    await work();
    if (done) tell(done, false);
  } catch (wrong) {
    failed(wrong);
  }
}

function failed(wrong) {
  tell(wrong.message, true);
}

function tell(text, wrong) {
  clearTimeout(hush);
  byId("said-text").textContent = text;
  byId("said").hidden = false;
  byId("said").dataset.wrong = wrong;
  // What went wrong stays until it is dismissed.
  if (!wrong) hush = setTimeout(() => (byId("said").hidden = true), 4000);
}

byId("said-close").addEventListener("click", () => (byId("said").hidden = true));

setInterval(() => cards.tick(), 1000);
