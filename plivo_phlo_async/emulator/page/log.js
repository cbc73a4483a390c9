// The log: requests, responses and the steps of phones, newest first, in full when opened.

import { byId, canonical, copyable, count, el, icon, say, sync, timeOf, words } from "./dom.js";
import { OUTCOMES, faultSummary, fits, outcomeOf, shortId } from "./model.js";
import { ask, part } from "./api.js";

const LOG_ROWS = 300;

export class Log {
  constructor(model, failed) {
    this.model = model;
    this.failed = failed;
    this.list = byId("lines");
    this.form = byId("filter");
    this.fresh = [];
    this.matching = 0;
    this.asked = 0;
    this.form.addEventListener("input", () => this.refilter());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    // A list that is open keeps its options.
    byId("filter-node").addEventListener("blur", () => this.offer());
  }

  get filter() {
    const call = byId("filter-node").value;
    return { call, member: byId("filter-member").value.trim(), errors: byId("filter-errors").checked };
  }

  get filtered() {
    const { call, member, errors } = this.filter;
    return Boolean(call || member || errors);
  }

  /** Show these entries, newest first, and then each new one. */
  take({ entries, matching }) {
    // A row that exists stays: it may be open.
    const there = new Map([...this.list.children].map((line) => [line.dataset.key, line]));
    sync(this.list, entries.slice(0, LOG_ROWS).map((entry) => there.get(keyOfEntry(entry)) ?? this.row(entry)));
    this.newest = entries[0]?.number ?? 0;
    this.fresh = this.fresh.filter((entry) => entry.number > this.newest);
    this.matching = matching + this.fresh.filter((entry) => fits(entry, this.filter)).length;
  }

  /** Count the entry now: when the list is drawn, it may have been dropped. */
  add(entry) {
    if (fits(entry, this.filter)) this.matching += 1;
    this.fresh.push(entry);
    if (this.fresh.length > LOG_ROWS) this.fresh.shift();
  }

  forget() {
    this.fresh = [];
  }

  draw() {
    const fitting = this.fresh.filter((entry) => fits(entry, this.filter));
    this.fresh = [];
    if (fitting.length) this.list.prepend(...fitting.map((entry) => this.row(entry)).reverse());
    while (this.list.childElementCount > LOG_ROWS) this.list.lastChild.remove();
    const shown = this.list.childElementCount;
    const none = this.filtered ? "No entry matches this filter." : "No entry yet: requests and the steps of phones appear here.";
    say(byId("no-log"), none);
    byId("no-log").hidden = shown > 0;
    say(byId("log-note"), this.matching > shown ? `the latest ${shown}` : shown ? count(shown, "entry", "entries") : "");
  }

  row(entry) {
    const node = this.model.node(entry);
    return makeRow(entry, node ? `${node.node} · ${node.phlo}` : "");
  }

  async refilter() {
    const asked = (this.asked += 1);
    try {
      const found = await this.fetch(LOG_ROWS);
      if (asked === this.asked) {
        this.take(found);
        this.draw();
      }
    } catch (wrong) {
      this.failed(wrong);
    }
  }

  fetch(limit) {
    const { call, member, errors } = this.filter;
    const query = `call=${part(call)}&member=${part(member)}&errors=${errors ? 1 : 0}`;
    return ask("GET", `/log?${query}&limit=${limit}`);
  }

  /** List the nodes and the calls in the filter. */
  offer() {
    const select = byId("filter-node");
    if (select === document.activeElement) return;
    const nodes = this.model.nodes.map((n) => [`${n.phlo_id}/${n.node_id}`, `${n.node} · ${n.phlo}`]);
    const calls = [...this.model.calls.values(), ...this.model.ended].map((call) => [call.call_id, nameOf(call)]);
    const shown = JSON.stringify([nodes, calls]);
    if (shown !== this.offered) this.fillFilter(select, nodes, calls);
    this.offered = shown;
  }

  fillFilter(select, nodes, calls) {
    const chosen = select.selectedOptions[0];
    const groups = [["Nodes", nodes], ["Calls", calls]].filter(([, pairs]) => pairs.length);
    select.replaceChildren(el("option", { value: "" }, "All"), ...groups.map((group) => optionGroup(...group)));
    select.value = chosen.value;
    if (select.selectedIndex >= 0) return;
    // A call that is chosen stays, however long ago it ended.
    if (isCall(chosen.value)) select.append(chosen);
    select.value = isCall(chosen.value) ? chosen.value : "";
  }

  /** Show the entries of one call, and go there. */
  only(call) {
    const select = byId("filter-node");
    this.offer();
    select.value = call.call_id;
    if (select.selectedIndex < 0) {
      select.append(el("option", { value: call.call_id }, nameOf(call)));
      select.value = call.call_id;
    }
    byId("filter-member").value = "";
    byId("filter-errors").checked = false;
    this.refilter();
    byId("log").scrollIntoView();
    select.focus({ preventScroll: true });
  }

  /** Open the entry of that number, if it is shown. */
  open(number) {
    const line = this.list.querySelector(`[data-number="${number}"] details`);
    if (!line) return;
    line.open = true;
    line.firstChild.focus();
  }
}

const nameOf = (call) => `${call.name || call.node_id} · ${shortId(call.call_id)}`;

/** A node is chosen as `PHLO/NODE`. */
const isCall = (value) => value !== "" && !value.includes("/");

function optionGroup(label, pairs) {
  return el("optgroup", { label }, ...pairs.map(([value, text]) => el("option", { value }, text)));
}

/** Identifies an entry, also among those of another emulator. */
const keyOfEntry = (entry) => `${entry.number}/${entry.time}`;

function makeRow(entry, where) {
  const outcome = entry.request ? outcomeOf(entry) : "phone";
  const details = el("details", {}, el("summary", {}, ...head(entry, outcome)));
  const fill = () => details.append(body(entry, where));
  details.addEventListener("toggle", fill, { once: true });
  const attributes = { "data-number": entry.number, "data-key": keyOfEntry(entry), "data-outcome": outcome };
  return el("li", attributes, details);
}

function head(entry, outcome) {
  const status = outcome === "phone" ? "phone" : outcome === "lost" ? "none" : entry.answer.status;
  const chip = el("span", { class: "chip status" }, icon(outcome), String(status));
  if (outcome !== "phone") chip.title = OUTCOMES[outcome];
  const action = words(entry.action ?? entry.request?.method);
  return [
    timeOf(entry.time),
    chip,
    el("span", { class: "action" }, action),
    el("span", { class: "address" }, entry.address ?? entry.request?.path ?? ""),
    el("span", { class: "change" }, ...change(entry)),
  ];
}

/** The result of an entry: the fault, or why it was refused; and the members whose state changed. */
function change(entry) {
  const wrong = entry.fault ? faultSummary(entry.fault) : (entry.reason ?? entry.error);
  const moved = moves(entry);
  if (!wrong) return [moved || (entry.request?.method === "POST" && entry.phlo_id ? "nothing changed" : "")];
  const error = el("span", { class: "error" }, wrong);
  return moved ? [error, ` · ${moved}`] : [error];
}

function moves({ before, after }) {
  const were = new Map(before.members.map((m) => [canonical(m.address), m]));
  const changes = [];
  for (const { address, state, muted } of after.members) {
    const was = were.get(canonical(address));
    if (was?.state !== state) changes.push(`${address} ${words(state)}`);
    else if (was.muted !== muted) changes.push(`${address} ${muted ? "muted" : "unmuted"}`);
  }
  return changes.slice(0, 3).join(" · ") + (changes.length > 3 ? " · …" : "");
}

function body(entry, where) {
  const call = entry.call_id && shortId(entry.call_id);
  const title = [`Entry ${entry.number}`, where, call].filter(Boolean).join(" · ");
  const box = el("div", { class: "body" }, el("p", { class: "note wide" }, title));
  if (entry.request) {
    box.append(copyable("Request", requestText(entry.request)));
    box.append(copyable("Answer", answerText(entry)));
  }
  box.append(states("Before", entry.before), states("After", entry.after));
  for (const [title, text] of [["As curl", entry.curl], ["As Python", entry.python]]) {
    if (!text) continue;
    const block = copyable(title, text);
    block.classList.add("wide");
    box.append(block);
  }
  return box;
}

function requestText({ method, path, query, body }) {
  const line = `${method} ${path}${query ? `?${query}` : ""}`;
  return body ? `${line}\n\n${pretty(body)}` : line;
}

function answerText(entry) {
  const { status, body } = entry.answer;
  const json = body && Object.keys(body).length ? `\n\n${JSON.stringify(body, null, 2)}` : "";
  const whole = `${status || "no answer"}${json}`;
  if (outcomeOf(entry) !== "lost") return whole;
  const lost = `${faultSummary(entry.fault)} (${entry.fault})`;
  return status ? `${lost}\nWithout the fault:\n\n${whole}` : lost;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function states(title, { members, transfer }) {
  const items = members.map((m) =>
    el(
      "li",
      { "data-state": m.state },
      el("span", { class: "address" }, m.address),
      el("span", { class: "chip" }, icon(m.state), words(m.state)),
      m.muted ? el("span", { class: "tag" }, "muted") : null,
    ),
  );
  const way = transfer && el("p", { class: "note" }, `${transfer.kind} transfer, ${transfer.transferor} to ${transfer.target}`);
  const list = items.length ? el("ul", {}, ...items) : el("p", { class: "note" }, "No member.");
  return el("div", { class: "states" }, el("h3", {}, title), list, way);
}
