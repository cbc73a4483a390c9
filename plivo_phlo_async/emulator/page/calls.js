// The calls: one card for each, its members by role, a transfer in a box of its own.

import { byId, canonical, count, el, icon, length, say, sync, words } from "./dom.js";
import { shortId } from "./model.js";

// A member: address, part in a transfer, state, for how long, what to do

const ACTS = {
  ringing: [
    ["answer", "Answer"],
    ["reject", "Reject"],
  ],
  in_call: [["hangup", "Hang up"]],
  on_hold: [["hangup", "Hang up"]],
  consulting: [["hangup", "Hang up"]],
  voicemail: [["hangup", "Hang up"]],
  left: [],
};

class MemberLine {
  constructor(address, act) {
    this.address = address;
    this.act = act;
    this.shown = "";
    this.tags = el("span", { class: "tags" });
    this.chip = el("span", { class: "chip" });
    this.time = el("span", { class: "since" });
    this.acts = el("span", { class: "acts" });
    const name = el("span", { class: "address" }, address);
    this.element = el(
      "li",
      { class: "member" },
      el("span", { class: "who" }, name, this.tags),
      el("span", { class: "how" }, this.chip, this.time),
      this.acts,
    );
  }

  update(member, part) {
    this.since = member.since;
    const shown = `${member.state} ${member.muted} ${part} ${member.address}`;
    if (shown === this.shown) return;
    const focused = this.acts.contains(document.activeElement);
    this.shown = shown;
    this.element.dataset.state = member.state;
    this.chip.replaceChildren(icon(member.state), words(member.state));
    this.tags.replaceChildren(
      ...(part ? [el("span", { class: "tag" }, part)] : []),
      ...(member.muted ? [el("span", { class: "tag" }, icon("muted"), "muted")] : []),
    );
    this.acts.replaceChildren(...(ACTS[member.state] ?? []).map((one) => this.button(...one)));
    if (focused) this.acts.firstChild?.focus();
  }

  button(act, text) {
    const label = `${text} ${this.address}`;
    const press = () => this.act(act, this.address);
    return el("button", { type: "button", "aria-label": label, "data-act": act, click: press }, text);
  }

  tick(now) {
    say(this.time, length(now - this.since));
  }
}

// A transfer: its two ends, and what ends it

/** The title and note of a transfer. */
function title({ kind, consulting: pair, target_state: target }) {
  if (kind === "cold") return ["Cold transfer", "the transferor leaves when the target answers"];
  if (pair.length) return ["Consultation", "warm transfer: only these two hear each other"];
  return ["Warm transfer", target === "ringing" ? "the target is ringing" : "in progress"];
}

class TransferBox {
  constructor() {
    this.title = el("h4");
    this.note = el("p", { class: "note" });
    this.ends = el("ul", { class: "members" });
    this.arrow = el("li", { class: "arrow" });
    this.endings = el("dl", { class: "endings" });
    this.element = el(
      "section",
      { class: "transfer" },
      el("div", { class: "transfer-head" }, this.title, this.note),
      this.ends,
      el("p", { class: "ends-with" }, "It ends with"),
      this.endings,
    );
  }

  update(transfer, transferor, target) {
    const [name, note] = title(transfer);
    this.title.replaceChildren(icon(transfer.consulting.length ? "consulting" : "arrow"), name);
    this.note.textContent = note;
    this.element.dataset.kind = transfer.kind;
    this.element.dataset.consulting = transfer.consulting.length > 0;
    this.element.setAttribute("aria-label", name);
    const says = transfer.kind === "cold" ? "transfers to" : "consults";
    this.arrow.replaceChildren(icon("arrow"), says);
    sync(this.ends, [transferor, ...(transfer.consulting.length ? [] : [this.arrow]), target].filter(Boolean));
    this.endings.replaceChildren(...transfer.ended_by.flatMap((one) => this.ending(one, transfer)));
  }

  ending({ action, member, then }, { transferor, target }) {
    const who = { [transferor]: "transferor", [target]: "target" }[member] ?? member;
    return [el("dt", {}, el("code", {}, action), ` ${who}`), el("dd", {}, then)];
  }
}

// A call

const LINES = 24;
const LEFT_LINES = 6;
const MANY_CALLS = 7;

class Card {
  constructor(act) {
    this.act = (what, address) => act(what, address, this.call.call_id);
    this.lines = new Map();
    this.transfer = new TransferBox();
    this.name = el("h3");
    this.phlo = el("p", { class: "note phlo" });
    this.sum = el("p", { class: "note sum" });
    this.groups = { customer: group("Customers"), agent: group("Agents"), left: group("Left") };
    this.element = el(
      "article",
      { class: "card" },
      el("header", {}, el("div", {}, this.name, this.phlo), this.sum),
    );
  }

  update(call, node) {
    const focused = document.activeElement;
    this.call = call;
    say(this.name, call.name || call.node_id);
    say(this.phlo, `${node?.phlo ?? call.phlo_id} · ${shortId(call.call_id)}`);
    this.phlo.title = `${call.phlo_id} / ${call.node_id} / ${call.call_id}`;
    say(this.sum, summary(call));
    sync(this.element, [this.element.firstChild, ...this.parts(call)]);
    if (focused !== document.activeElement && this.element.contains(focused)) focused.focus();
  }

  parts(call) {
    const used = new Set();
    const draw = (member, part = "") => {
      used.add(canonical(member.address));
      return this.line(member, part).element;
    };
    const transfer = call.transfer;
    const ends = transfer ? [transfer.transferor, transfer.target].map(canonical) : [];
    const find = (line) => call.members.find((member) => canonical(member.address) === line);
    const others = call.members.filter((member) => !ends.includes(canonical(member.address)));
    const live = (role) => others.filter((m) => m.role === role && m.state !== "left");
    const shown = [
      fill(this.groups.customer, live("customer"), LINES, (m) => draw(m, waits(m, transfer))),
      transfer && this.enclosure(transfer, ends.map(find), draw),
      fill(this.groups.agent, live("agent"), LINES, (m) => draw(m, waits(m, transfer))),
      fill(this.groups.left, others.filter((m) => m.state === "left").reverse(), LEFT_LINES, draw),
    ];
    for (const line of this.lines.keys()) if (!used.has(line)) this.lines.delete(line);
    return shown.filter(Boolean);
  }

  enclosure(transfer, [transferor, target], draw) {
    this.transfer.update(transfer, transferor && draw(transferor, "transferor"), target && draw(target, "target"));
    return this.transfer.element;
  }

  line(member, part) {
    const key = canonical(member.address);
    let line = this.lines.get(key);
    if (!line) this.lines.set(key, (line = new MemberLine(member.address, this.act)));
    line.update(member, part);
    return line;
  }

  tick(now) {
    for (const line of this.lines.values()) line.tick(now);
  }
}

const waits = (member, transfer) => (transfer?.held.includes(member.address) ? "waits" : "");

function group(title) {
  const list = el("ul", { class: "members" });
  const more = el("p", { class: "note more-members" });
  return { list, more, element: el("section", { class: "group" }, el("h4", {}, title), list, more) };
}

function fill(group, members, most, draw) {
  if (!members.length) return null;
  const shown = members.length > most ? members.slice(-most) : members;
  sync(group.list, shown.map((member) => draw(member)));
  say(group.more, members.length > most ? `and ${members.length - most} more` : "");
  return group.element;
}

function summary(call) {
  const live = call.members.filter((member) => member.state !== "left");
  if (live.length <= 6) return count(live.length, "member");
  const states = {};
  for (const { state } of live) states[state] = (states[state] ?? 0) + 1;
  const parts = Object.entries(states).map(([state, n]) => `${n} ${words(state)}`);
  return `${count(live.length, "member")}: ${parts.join(", ")}`;
}

export class CallCards {
  constructor(model, act) {
    this.model = model;
    this.act = act;
    this.cards = new Map();
    this.list = byId("cards");
    this.drawn = new Map();
    byId("begin").textContent = `export PLIVO_PHLO_BASE_URL=${location.origin}/v1`;
  }

  draw() {
    const { calls } = this.model;
    for (const key of this.cards.keys()) if (!calls.has(key)) this.cards.delete(key);
    for (const [key, call] of calls) this.drawCall(key, call);
    sync(this.list, [...calls.keys()].map((key) => this.cards.get(key).element));
    this.list.dataset.many = calls.size >= MANY_CALLS;
    byId("no-calls").hidden = calls.size > 0;
    say(byId("calls-note"), calls.size ? `${calls.size} in progress` : "");
    this.tick();
  }

  drawCall(key, call) {
    const known = this.cards.get(key);
    // A step replaces its call, so the same object needs no redraw.
    if (known?.call === call) return;
    const card = known ?? new Card(this.act);
    this.cards.set(key, card);
    card.update(call, this.model.node(call));
  }

  tick() {
    const now = this.model.now();
    for (const card of this.cards.values()) card.tick(now);
  }
}
