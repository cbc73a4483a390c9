// The timeline: a mark for each request, newest at the right, coloured by outcome.

import { byId, el, say } from "./dom.js";
import { OUTCOMES, outcomeOf } from "./model.js";

const MOST = 600;
const COLUMN = 6;
const FEW = 24;

export class Timeline {
  constructor(open) {
    this.marks = byId("marks");
    this.legend = byId("legend");
    this.clear();
    this.marks.addEventListener("click", (event) => {
      const number = event.target.dataset?.number;
      if (number) open(Number(number));
    });
    this.counts = {};
    for (const [outcome, text] of Object.entries(OUTCOMES)) {
      this.counts[outcome] = el("b", {}, "0");
      const mark = el("i", { class: "mark", "data-outcome": outcome });
      const line = el("li", { "data-outcome": outcome }, mark, this.counts[outcome], ` ${text}`);
      this.legend.append(line);
    }
  }

  clear() {
    this.shown = [];
    this.fresh = [];
    this.wiped = true;
  }

  add(entry) {
    if (!entry.request) return;
    const outcome = outcomeOf(entry);
    this.fresh.push({ number: entry.number, outcome, title: titleOf(entry, outcome) });
    // A page in the background draws rarely: keep no more than it can show.
    if (this.fresh.length > MOST) this.fresh.splice(0, this.fresh.length - MOST);
  }

  draw() {
    if (this.wiped) this.marks.replaceChildren();
    else if (!this.fresh.length) return;
    this.wiped = false;
    const made = document.createDocumentFragment();
    for (const { number, outcome, title } of this.fresh) {
      const attributes = { class: "mark", "data-outcome": outcome, "data-number": number, title };
      made.append(el("i", attributes));
    }
    this.marks.append(made);
    this.marks.dataset.few = this.shown.length + this.fresh.length <= FEW;
    this.shown.push(...this.fresh);
    this.fresh = [];
    this.trim();
    this.sum();
  }

  trim() {
    // Remove whole columns, so that no mark changes its row.
    const over = Math.ceil((this.shown.length - MOST) / COLUMN) * COLUMN;
    if (over <= 0) return;
    this.shown.splice(0, over);
    for (let gone = 0; gone < over; gone += 1) this.marks.firstChild.remove();
  }

  sum() {
    const sums = {};
    for (const { outcome } of this.shown) sums[outcome] = (sums[outcome] ?? 0) + 1;
    for (const [outcome, shown] of Object.entries(this.counts)) {
      say(shown, String(sums[outcome] ?? 0));
      shown.parentElement.dataset.none = !sums[outcome];
    }
    const parts = Object.entries(sums).map(([outcome, n]) => `${n} ${OUTCOMES[outcome]}`);
    this.marks.setAttribute("aria-label", `The latest ${this.shown.length} requests: ${parts.join("; ")}`);
  }
}

function titleOf(entry, outcome) {
  const what = [entry.action ?? entry.request.method, entry.address].filter(Boolean).join(" ");
  const status = outcome === "lost" ? entry.fault : entry.answer.status;
  return `${entry.number}. ${what}: ${status}`;
}
