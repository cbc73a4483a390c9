// The selected run: its path with times, states and variables, its calls, messages and recordings.

import { Rows, byId, count, el, icon, length, say, timeOf } from "./dom.js";
import { shortRun, stateKey } from "./flow_model.js";
import { ask, oneAtATime, part } from "./api.js";
import { factRow, fillOnce } from "./node_facts.js";

const NOTHING = { states: new Set(), nodes: new Set(), run: null };

/** `handlers`: `changed()` after the run was fetched, `select(node)`, `close()`. */
export class RunFacts {
  constructor(handlers) {
    this.handlers = handlers;
    this.run = null;
    this.run_id = "";
    this.fetch = oneAtATime(() => this.update());
    this.steps = new Rows(byId("run-steps"), () => new StepRow(handlers.select));
    this.recordings = new Rows(byId("run-recordings"), recordingRow);
    byId("run-stop").addEventListener("click", () => this.stop());
    byId("run-close").addEventListener("click", () => handlers.close());
  }

  /** Show a run, "" for none. */
  show(run_id) {
    if (run_id !== this.run_id) {
      this.run = null;
      this.refuse("");
    }
    this.run_id = run_id;
    this.fetch();
  }

  async update() {
    const { run_id } = this;
    if (!run_id) return;
    try {
      this.run = await ask("GET", `/runs/${part(run_id)}`);
    } catch (wrong) {
      this.refuse(wrong.message);
    }
    this.handlers.changed();
  }

  async stop() {
    this.refuse("");
    await ask("POST", `/runs/${part(this.run_id)}/stop`, {}).catch((wrong) => this.refuse(wrong.message));
  }

  refuse(text) {
    say(byId("run-refused"), text);
    byId("run-refused").hidden = !text;
  }

  /** The states and nodes of the run, for the graph. */
  get followed() {
    const { run } = this;
    if (run === null || run.run_id !== this.run_id) return NOTHING;
    const states = new Set(run.states.map(({ node, state }) => stateKey(node, state)));
    return { run, states, nodes: new Set(run.path) };
  }

  draw(name) {
    const { run } = this.followed;
    byId("run-facts").hidden = run === null;
    if (run === null) return;
    say(byId("run-title"), shortRun(run.run_id).replace("run", "Run"));
    byId("run-title").title = run.run_id;
    say(byId("run-note"), `${name} · ${run.trigger} · ${count(run.steps, "step")}`);
    byId("run-stop").hidden = run.ended !== null;
    const waits = run.waiting.map((wait) => `${wait.node}: ${wait.for}`).join(" · ");
    say(byId("run-ended"), run.ended === null ? `Waits at ${waits}` : `Ended: ${run.ended}`);
    fillOnce(byId("run-notes"), run.notes, (note) => [el("li", {}, note)]);
    byId("run-notes").hidden = run.notes.length === 0;
    this.steps.draw(stepsOf(run), (step) => step.number);
    this.drawLists(run);
  }

  drawLists({ calls, messages, recordings }) {
    fillOnce(byId("run-calls"), calls, (call) => [callRow(call)]);
    fillOnce(byId("run-messages"), messages, (message) => [messageRow(message)]);
    this.recordings.draw(recordings, (recording) => recording.recording_id);
    byId("run-calls-box").hidden = calls.length === 0;
    byId("run-messages-box").hidden = messages.length === 0;
    byId("run-recordings-box").hidden = recordings.length === 0;
  }
}

/** The visits of a run, each with the states that followed it, and the variables of its node then. */
function stepsOf({ visits, states, variables, started_at }) {
  const steps = visits.map(({ token, node, at }, number) => ({ number, token, node, after: at - started_at, at, states: [], variables: null }));
  const last = new Map(steps.map((step) => [step.node, step]));
  for (const { token, node, state, variables: then } of states) {
    const own = steps.find((step) => step.token === token && step.node === node && !step.states.length);
    // Each person whom Initiate Call reaches goes on with a token of their own.
    const step = own ?? last.get(node);
    step?.states.push(state);
    if (step) step.variables = then;
  }
  // The last visit of a node has all of its variables, however long.
  for (const [node, step] of last) if (Object.hasOwn(variables, node)) step.variables = variables[node];
  return steps;
}

class StepRow {
  constructor(select) {
    this.time = el("span", { class: "since" });
    this.go = el("button", { type: "button", class: "plain", click: () => select(this.node) });
    this.states = el("span", { class: "note" });
    this.values = el("dl");
    this.details = el("details", { hidden: "" }, el("summary", {}, "Variables"), this.values);
    this.element = el("li", {}, this.time, this.go, this.states, this.details);
  }

  update({ node, at, after, states, variables }) {
    this.node = node;
    this.time.replaceChildren(timeOf(at), ` +${after.toFixed(1)} s`);
    say(this.go, node);
    say(this.states, states.length ? `→ ${states.join(", ")}` : "");
    const values = Object.entries(variables ?? {});
    this.details.hidden = values.length === 0;
    fillOnce(this.values, values, factRow);
  }
}

function callRow({ from_, to, direction, state, cause, answered_at, ended_at, node }) {
  const lasted = answered_at && ended_at ? ` · ${length(ended_at - answered_at)}` : "";
  const why = cause ? ` · cause ${cause}` : "";
  const shown = state === "ringing" ? "ringing" : state === "up" ? "in_call" : "left";
  return el(
    "li",
    { "data-state": shown },
    el("span", { class: "chip" }, icon(shown), state),
    el("span", { class: "address" }, ` ${from_} → ${to}`),
    el("span", { class: "note" }, ` ${direction} · ${node}${lasted}${why}`),
  );
}

function messageRow({ from_, to, text, status, error_code, node }) {
  const wrong = error_code ? `, error ${error_code}` : "";
  return el(
    "li",
    {},
    el("span", { class: "address" }, `${from_} → ${to}`),
    el("span", { class: "note" }, ` ${status}${wrong} · ${node}`),
    el("p", { class: "said-text" }, text),
  );
}

function recordingRow() {
  const audio = el("audio", { controls: "", preload: "none" });
  const note = el("span", { class: "note" });
  const update = ({ recording_id, node, seconds }) => {
    audio.src = `/_emulator/recordings/${part(recording_id)}.wav`;
    audio.setAttribute("aria-label", `Recording of ${node}`);
    say(note, `${node} · ${seconds.toFixed(1)} s`);
  };
  return { element: el("li", {}, note, audio), update };
}
