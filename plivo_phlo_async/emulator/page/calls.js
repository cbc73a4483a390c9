// The calls: one card for each, its members by role, a transfer in a box of its own.

import { announce, byId, canonical, count, el, say, sync, words } from "./dom.js";
import { found, queryOf, shortId } from "./model.js";
import { DIAL_ACTIONS, sendAction, suitableDials } from "./actions.js";
import { MemberLine, TransferBox, moreButton } from "./members.js";

// A call

const LINES = 24;
const LEFT_LINES = 6;
const MANY_CALLS = 7;

const SLOW = 400;

/** `handlers` are what the buttons call: `phone`, `dial`, `showLog`, `menu`. */
class Card {
  constructor(handlers, model) {
    this.handlers = handlers;
    this.model = model;
    this.lines = new Map();
    const own = {
      phone: (act, address) => handlers.phone(act, address, this.call.call_id),
      request: (action, address) => this.request(action, address),
      menu: (line) => this.openLineMenu(line),
      focus: () => this.more.focus(),
    };
    this.own = own;
    this.transfer = new TransferBox(own);
    this.name = el("h3");
    this.more = moreButton("", () => this.openMenu());
    this.foot = el("footer", { class: "acts" });
    this.phlo = el("p", { class: "note phlo" });
    this.sum = el("p", { class: "note sum" });
    this.groups = { customer: group("Customers"), agent: group("Agents"), left: group("Left") };
    this.element = el(
      "article",
      { class: "card" },
      el("header", {}, el("div", {}, this.name, this.phlo), this.sum, this.more),
    );
  }

  /** Where there are many calls, a card is small: what can be done with the call is in its menu. */
  update(call, node, small) {
    const focused = document.activeElement;
    this.call = call;
    this.small = small;
    this.type = node?.node_type ?? "multi_party_call";
    say(this.name, this.title);
    this.more.setAttribute("aria-label", `More for ${this.title}, ${shortId(call.call_id)}`);
    say(this.phlo, `${node?.phlo ?? call.phlo_id} · ${shortId(call.call_id)}`);
    this.phlo.title = `${call.phlo_id} / ${call.node_id} / ${call.call_id}`;
    say(this.sum, summary(call));
    sync(this.element, [this.element.firstChild, ...this.parts(call), ...(small ? [] : [this.drawFoot()])]);
    if (focused !== document.activeElement && this.element.contains(focused)) focused.focus();
  }

  get title() {
    return this.call.name || this.call.node_id;
  }

  drawFoot() {
    const actions = suitableDials(this.type, this.call);
    const shown = actions.join();
    if (shown === this.shownDials) return this.foot;
    this.shownDials = shown;
    const log = el("button", { type: "button", class: "plain", click: () => this.handlers.showLog(this.call) }, "Log of this call");
    this.foot.replaceChildren(...actions.map((action) => this.dialButton(action)), log);
    return this.foot;
  }

  dialButton(action) {
    const press = () => this.handlers.dial(action, this.call);
    const attributes = { type: "button", "aria-haspopup": "dialog", "data-act": action, click: press };
    return el("button", attributes, el("code", {}, action));
  }

  // What its buttons ask

  openMenu() {
    const dials = DIAL_ACTIONS[this.type] ?? [];
    const requests = dials.map((action) => [action, () => this.handlers.dial(action, this.call), true]);
    const log = [["Log of this call", () => this.handlers.showLog(this.call)]];
    this.handlers.menu.toggle(this.more, this.title, [...(requests.length ? [["Request", requests]] : []), ["Show", log]]);
  }

  openLineMenu(line) {
    const acted = this.model.callOf(this.call, line.address);
    const elsewhere = acted && acted.call_id !== this.call.call_id;
    const note = elsewhere ? `Requests apply to ${shortId(acted.call_id)}, which was opened later.` : "";
    this.handlers.menu.toggle(line.more, line.address, line.choices, note);
  }

  async request(action, member) {
    const { phlo_id, node_id } = this.call;
    const show = (text) => this.lines.get(canonical(member))?.refuse(text);
    show("");
    const slow = setTimeout(() => show(`${action}: no answer yet`), SLOW);
    const wrong = await sendAction({ phlo_id, node_id, action, member });
    clearTimeout(slow);
    show(wrong && `${action}: ${wrong}`);
    announce(`${action} ${member}: ${wrong || "accepted"}.`);
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
    // At a bridge a role means nothing.
    const bridge = this.type === "conference_bridge";
    const roleOf = (member) => (bridge ? "agent" : member.role);
    const live = (role) => others.filter((m) => roleOf(m) === role && m.state !== "left");
    say(this.groups.agent.title, bridge ? "Members" : "Agents");
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
    if (!line) this.lines.set(key, (line = new MemberLine(member.address, this.own)));
    line.update(member, part, this.type);
    return line;
  }

  tick(now) {
    for (const line of this.lines.values()) line.tick(now);
  }
}

const waits = (member, transfer) => (transfer?.held.includes(member.address) ? "waits" : "");

function group(name) {
  const title = el("h4", {}, name);
  const list = el("ul", { class: "members" });
  const more = el("p", { class: "note more-members" });
  return { title, list, more, element: el("section", { class: "group" }, title, list, more) };
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
  constructor(model, handlers) {
    this.model = model;
    this.handlers = handlers;
    this.cards = new Map();
    this.list = byId("cards");
    this.search = byId("search");
    this.list.addEventListener("keydown", openByArrow);
  }

  get hasFocus() {
    return this.list.contains(document.activeElement);
  }

  get query() {
    return queryOf(this.search.value);
  }

  draw() {
    const { calls } = this.model;
    const shown = [...calls.values()].filter((call) => found(call, this.model, this.query));
    const small = shown.length >= MANY_CALLS;
    const focused = this.hasFocus;
    for (const key of this.cards.keys()) if (!calls.has(key)) this.cards.delete(key);
    sync(this.list, shown.map((call) => this.drawCall(call, small).element));
    if (focused && !this.hasFocus) byId("calls-title").focus();
    this.list.dataset.many = small;
    byId("no-calls").hidden = calls.size > 0;
    byId("no-match").hidden = shown.length > 0 || calls.size === 0;
    byId("search-box").hidden = calls.size === 0 && this.model.ended.length === 0;
    const part = shown.length < calls.size ? `${shown.length} of ` : "";
    say(byId("calls-note"), calls.size ? `${part}${calls.size} in progress` : "");
    this.tick();
  }

  drawCall(call, small) {
    const known = this.cards.get(call.call_id);
    // A step replaces its call, so the same object needs no redraw.
    if (known?.call === call && known.small === small) return known;
    const card = known ?? new Card(this.handlers, this.model);
    this.cards.set(call.call_id, card);
    card.update(call, this.model.node(call), small);
    return card;
  }

  tick() {
    const now = this.model.now();
    for (const card of this.cards.values()) card.tick(now);
  }
}

function openByArrow(event) {
  const button = event.key === "ArrowDown" && event.target.closest("[aria-haspopup=menu]");
  if (!button) return;
  event.preventDefault();
  button.click();
}
