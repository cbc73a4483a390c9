// The flows and their runs, updated by the steps of the runs. It draws nothing.

import { count } from "./dom.js";

/** How many runs are kept: the live ones, however many, and the latest of the others. */
const RUNS_KEPT = 300;

/** Identifies a state of a node; names may hold anything. */
export const stateKey = (node, state) => JSON.stringify([node, state]);

export const shortRun = (run_id) => `run ${run_id.slice(0, 8)}`;

export class FlowModel {
  constructor() {
    this.flows = [];
    this.problems = {};
    this.runs = new Map();
    this.taken = new Map();
  }

  /** Replace everything with a dashboard. */
  load({ flows, file_problems, runs }) {
    this.flows = flows;
    this.problems = file_problems;
    this.runs = new Map(runs.toReversed().map((run) => [run.run_id, run]));
    this.taken = new Map(flows.map((flow) => [flow.phlo_id, countsOf(flow.taken)]));
  }

  flow(phlo_id) {
    return this.flows.find((flow) => flow.phlo_id === phlo_id);
  }

  /** Apply a step of a run: its outline, and the states that it has reached with it. */
  step(outline) {
    this.runs.set(outline.run_id, outline);
    const taken = this.taken.get(outline.phlo_id);
    for (const [node, state] of outline.reached) {
      const key = stateKey(node, state);
      taken?.set(key, (taken.get(key) ?? 0) + 1);
    }
    if (this.runs.size > RUNS_KEPT) this.forget();
  }

  /** Drop the oldest run that has ended. */
  forget() {
    for (const [run_id, run] of this.runs) {
      if (run.ended === null) continue;
      this.runs.delete(run_id);
      return;
    }
  }

  /** How many runs are live. */
  get live() {
    let live = 0;
    for (const run of this.runs.values()) if (run.ended === null) live += 1;
    return live;
  }

  /** The runs, live ones first, then the latest. */
  get listed() {
    const over = (run) => Number(run.ended !== null);
    const latest = [...this.runs.values()].reverse().sort((a, b) => b.started_at - a.started_at);
    return latest.sort((a, b) => over(a) - over(b));
  }

  /** The tokens of the live runs of a flow, by the name of their node. */
  tokens(phlo_id) {
    const found = new Map();
    for (const run of this.runs.values()) {
      if (run.phlo_id !== phlo_id || run.ended !== null) continue;
      for (const wait of run.waiting) {
        if (!found.has(wait.node)) found.set(wait.node, []);
        found.get(wait.node).push({ ...wait, run_id: run.run_id });
      }
    }
    return found;
  }
}

function countsOf(taken) {
  const states = Object.entries(taken).flatMap(([node, counts]) =>
    Object.entries(counts).map(([state, times]) => [stateKey(node, state), times]),
  );
  return new Map(states);
}

const kindsOf = (tokens) => [...new Set(tokens.map((token) => token.for))].join(", ");

/** What tokens wait for, as a label: `keys`, `3 × keys, prompt`. */
export const waitsOf = (tokens) => (tokens.length > 1 ? `${tokens.length} × ${kindsOf(tokens)}` : kindsOf(tokens));

/** The same in words: `3 tokens waiting: keys, prompt`. */
export const describeWaits = (tokens) => `${count(tokens.length, "token")} waiting: ${kindsOf(tokens)}`;

/** When the first of them started to wait. */
export const oldestOf = (tokens) => Math.min(...tokens.map((token) => token.since));
