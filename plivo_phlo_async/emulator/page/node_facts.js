// A node of a flow: where its states lead, its options, and its variables in the selected run.

import { byId, count, el, length, say } from "./dom.js";
import { describeWaits, oldestOf, shortRun, stateKey } from "./flow_model.js";
import { ask, part } from "./api.js";

const START = { component: "", next: {} };

export class NodeFacts {
  constructor(close) {
    this.box = byId("node-facts");
    this.name = "";
    this.tokens = [];
    this.options = null;
    byId("node-close").addEventListener("click", close);
  }

  /** Draw a node of a flow; `run` has the variables of the selected one, if any. */
  draw(flow, name, { taken, tokens, run }) {
    const node = name === "Start" ? START : flow.nodes.find((one) => one.name === name);
    this.box.hidden = !node;
    this.tokens = node ? (tokens.get(name) ?? []) : [];
    this.name = name;
    if (!node) return;
    say(byId("node-title"), name);
    say(byId("node-component"), node.component);
    const next = node === START ? flow.start : node.next;
    fillOnce(byId("node-states"), statesOf(name, next, taken), stateRow);
    this.fetchOptions(flow);
    this.drawOptions();
    say(byId("node-variables-title"), run ? `Variables in ${shortRun(run.run_id)}` : "Variables");
    fillOnce(byId("node-variables"), pairsOf(run?.variables, name), factRow, run ? "None." : "Select a run to see them.");
  }

  /** Fetch the options of all nodes, once for a flow; one that is loaded later is another object. */
  async fetchOptions(flow) {
    if (this.flow === flow) return;
    this.flow = flow;
    this.options = null;
    const found = await ask("GET", `/flows/${part(flow.phlo_id)}`).catch(() => null);
    if (this.flow !== flow) return;
    this.options = found?.options ?? null;
    // The next draw asks again.
    if (!found) this.flow = null;
    this.drawOptions();
  }

  drawOptions() {
    const none = this.options === null ? "Not loaded yet." : "None.";
    fillOnce(byId("node-options"), pairsOf(this.options, this.name), factRow, none);
  }

  tick(now) {
    const { tokens } = this;
    byId("node-waits").hidden = tokens.length === 0;
    if (!tokens.length) return;
    const runs = new Set(tokens.map((token) => shortRun(token.run_id)));
    const named = runs.size > 4 ? count(runs.size, "run") : [...runs].join(", ");
    say(byId("node-waits"), `${describeWaits(tokens)} · ${length(now - oldestOf(tokens))} · ${named}`);
  }
}

/** The states of a node: where each leads, null for nowhere, and how often it was reached. */
function statesOf(name, next, taken) {
  const rows = Object.entries(next).map(([state, to]) => [state, to, taken.get(stateKey(name, state)) ?? 0]);
  const connected = new Set(Object.keys(next));
  for (const [key, times] of taken) {
    const [node, state] = JSON.parse(key);
    if (node === name && !connected.has(state)) rows.push([state, null, times]);
  }
  return rows;
}

/** The entries of the object that `object` has by a name, if it has one. */
const pairsOf = (object, name) => Object.entries(object?.[name] ?? {});

const filled = new WeakMap();

/** Fill a list with rows, unless it has them already. */
export function fillOnce(list, items, make, none = "") {
  const shown = JSON.stringify([items, none]);
  if (filled.get(list) === shown) return;
  filled.set(list, shown);
  const empty = none && list.tagName === "DL" ? [el("dt", { class: "note" }, none), el("dd", {})] : [];
  list.replaceChildren(...(items.length ? items.flatMap(make) : empty));
}

function stateRow([state, to, times]) {
  const where = to === null ? "is not connected" : `→ ${to}`;
  return [el("li", {}, el("b", {}, state), ` ${where} `, el("span", { class: "note" }, `${times}×`))];
}

/** A name and a value as a person reads it: a text as it is, anything else as JSON. */
export function factRow([name, value]) {
  const flat = Array.isArray(value) && value.every((one) => typeof one !== "object");
  const text = typeof value === "string" ? value : flat ? value.join(", ") : JSON.stringify(value, null, 1);
  // A long value scrolls, so the keyboard must reach it.
  const long = text.length > 120 || text.includes("\n");
  return [el("dt", {}, name), el("dd", { tabindex: long ? "0" : null }, text)];
}
