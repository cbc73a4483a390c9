// A node of a flow: where its states lead, its options, and its variables in the selected run.

import { byId, count, el, length, say } from "./dom.js";
import { oldestOf, shortRun, stateKey, waitsOf } from "./flow_model.js";
import { ask, part } from "./api.js";

export class NodeFacts {
  constructor(close) {
    this.box = byId("node-facts");
    this.tokens = [];
    this.options = {};
    byId("node-close").addEventListener("click", close);
  }

  /** Draw a node of a flow; `run` has the variables of the selected one, if any. */
  draw(flow, name, { taken, tokens, run }) {
    const node = name === "Start" ? START : flow?.nodes.find((one) => one.name === name);
    this.box.hidden = !node;
    this.tokens = node ? (tokens.get(name) ?? []) : [];
    this.name = name;
    if (!node) return;
    say(byId("node-title"), name);
    say(byId("node-component"), node.component);
    const next = Object.entries(node === START ? flow.start : node.next);
    const rows = next.map(([state, to]) => [state, to, taken.get(stateKey(name, state)) ?? 0]);
    for (const [key, times] of taken) {
      const [from, state] = JSON.parse(key);
      if (from === name && !next.some(([known]) => known === state)) rows.push([state, null, times]);
    }
    fillOnce(byId("node-states"), rows, stateRow);
    this.drawOptions(flow);
    say(byId("node-variables-title"), run ? `Variables in ${shortRun(run.run_id)}` : "Variables");
    fillOnce(byId("node-variables"), pairsOf(run?.variables, name), factRow, run ? "None." : "Select a run to see them.");
  }

  async drawOptions(flow) {
    // One answer has the options of all nodes; a flow that is loaded later is another object.
    if (this.asked !== flow) {
      this.asked = flow;
      this.options = {};
      const found = await ask("GET", `/flows/${part(flow.phlo_id)}`).catch(() => ({ options: {} }));
      if (this.asked === flow) this.options = found.options;
    }
    fillOnce(byId("node-options"), pairsOf(this.options, this.name), factRow, "None.");
  }

  tick(now) {
    const { tokens } = this;
    byId("node-waits").hidden = tokens.length === 0;
    if (!tokens.length) return;
    const runs = new Set(tokens.map((token) => shortRun(token.run_id)));
    const named = runs.size > 4 ? count(runs.size, "run") : [...runs].join(", ");
    say(byId("node-waits"), `Waiting: ${waitsOf(tokens)} for ${length(now - oldestOf(tokens))} · ${named}`);
  }
}

const START = { component: "Start", next: {} };

/** The entries of one member of an object, if it is there. */
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
  const where = to === null ? "leads nowhere" : `→ ${to}`;
  return [el("li", {}, el("b", {}, state), ` ${where} `, el("span", { class: "note" }, `${times}×`))];
}

/** A name and a value as a person reads it: a text as it is, anything else as JSON. */
export function factRow([name, value]) {
  const flat = Array.isArray(value) && value.every((one) => typeof one !== "object");
  const text = typeof value === "string" ? value : flat ? value.join(", ") : JSON.stringify(value, null, 1);
  return [el("dt", {}, name), el("dd", {}, text)];
}
