// The selected run: its path with times, states and variables, its calls, messages and recordings.

import { Rows, attempt, byId, count, el, icon, length, refuse, say, timeOf } from "./dom.js";
import { shortRun, stateKey } from "./flow_model.js";
import { ask, oneAtATime, part } from "./api.js";
import { factRow, fillOnce } from "./node_facts.js";

const NOTHING = { states: new Set(), nodes: new Set(), run: null };

/**
 * `handlers`: `changed()` after the run was fetched, `select(node)`, `close()`, `gone()` where the
 * emulator has the run no longer, `failed(error)`.
 */
export class RunFacts {
  constructor(handlers) {
    this.handlers = handlers;
    this.box = byId("run-facts");
    this.run = null;
    this.run_id = "";
    this.drawn = [];
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
      refuse(this.box, "");
    }
    this.run_id = run_id;
    this.fetch();
  }

  async update() {
    const { run_id } = this;
    if (!run_id) return;
    try {
      const run = await ask("GET", `/runs/${part(run_id)}`);
      if (run_id !== this.run_id) return;
      this.run = run;
      this.handlers.changed();
    } catch (wrong) {
      if (run_id !== this.run_id) return;
      // The emulator keeps the latest runs only.
      if (wrong.status === 404) this.handlers.gone();
      this.handlers.failed(wrong);
    }
  }

  stop() {
    attempt(this.box, () => ask("POST", `/runs/${part(this.run_id)}/stop`, {}));
  }

  /** The states and nodes of the run, for the graph. */
  get followed() {
    const { run } = this;
    if (run === null) return NOTHING;
    const states = new Set(run.states.map(({ node, state }) => stateKey(node, state)));
    return { run, states, nodes: new Set(run.path) };
  }

  /** Draw the run; `name` is that of its flow. */
  draw(name) {
    const { run } = this;
    this.box.hidden = run === null;
    // Other runs have steps far more often.
    if (run === null || (this.drawn[0] === run && this.drawn[1] === name)) return;
    this.drawn = [run, name];
    say(byId("run-title"), shortRun(run.run_id).replace("run", "Run"));
    byId("run-title").title = run.run_id;
    say(byId("run-note"), `${name} · ${run.trigger} · ${count(run.visits.length, "step")}`);
    this.drawStop(run.ended !== null);
    const waits = run.waiting.map((wait) => `${wait.node}: ${wait.for}`).join(" · ");
    say(byId("run-ended"), run.ended === null ? `Waiting at ${waits}` : `Ended: ${run.ended}`);
    fillOnce(byId("run-notes"), run.notes, (note) => [el("li", {}, note)]);
    byId("run-notes").hidden = run.notes.length === 0;
    this.steps.draw(stepsOf(run), (step) => step.number);
    this.drawLists(run);
  }

  /** Hide the button when the run has ended; the focus must not get lost with it. */
  drawStop(ended) {
    const stop = byId("run-stop");
    if (ended && document.activeElement === stop) byId("run-close").focus();
    stop.hidden = ended;
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
  const reached = new Map();
  for (const { token, node, state, variables: then } of states) {
    const own = steps.find((step) => step.token === token && step.node === node && !step.states.length);
    // Each person whom Initiate Call reaches goes on with a token of their own.
    const step = own ?? last.get(node);
    if (!step) continue;
    step.states.push(state);
    step.variables = then;
    reached.set(node, step);
  }
  for (const [node, step] of last) {
    if (!Object.hasOwn(variables, node)) continue;
    // A node has all of its variables, however long, from its latest visit; where another person
    // visits it and has reached no state yet, from that which has.
    const latest = reached.get(node) ?? step;
    const owner = latest.token === step.token ? step : latest;
    owner.variables = variables[node];
  }
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
