// The flows: one of them as a graph, the runs, and a phone. Hidden while there is no flow.

import { announce, byId, count, el, say } from "./dom.js";
import { shortRun } from "./flow_model.js";
import { FlowGraph } from "./graph.js";
import { Keypad } from "./keypad.js";
import { NodeFacts } from "./node_facts.js";
import { RunFacts } from "./run_facts.js";
import { RunList } from "./run_list.js";

/** `changed()` asks for `draw` in the next frame; `failed(error)` shows an error. */
export class Flows {
  constructor(model, changed, failed) {
    this.model = model;
    this.changed = changed;
    this.failed = failed;
    this.phlo_id = null;
    this.node = null;
    this.graph = new FlowGraph(byId("graph"), (name) => this.selectNode(name === this.node ? null : name));
    this.list = new RunList(model, (run_id) => this.selectRun(run_id === this.run.run_id ? "" : run_id));
    this.run = new RunFacts({
      changed,
      select: (name) => this.selectNode(name),
      close: () => this.closeRun(),
    });
    this.facts = new NodeFacts(() => this.closeNode());
    this.keypad = new Keypad(model, (run_id) => this.selectRun(run_id));
    byId("flow-select").addEventListener("change", (event) => this.selectFlow(event.target.value));
  }

  get flow() {
    const { flows } = this.model.flows;
    return this.model.flows.flow(this.phlo_id) ?? flows[0];
  }

  // What a person selects

  selectFlow(phlo_id) {
    if (phlo_id === this.flow?.phlo_id) return;
    this.phlo_id = phlo_id;
    this.node = null;
    this.keypad.choose(this.flow);
    this.changed();
  }

  selectNode(name) {
    this.node = name;
    this.changed();
  }

  /** Select a run, "" for none, and the flow that it is of. */
  selectRun(run_id) {
    const run = this.model.flows.runs.get(run_id);
    if (run) this.selectFlow(run.phlo_id);
    // Its first event may come after the answer to the request that started it.
    this.awaited = run ? "" : run_id;
    this.run.show(run_id);
    this.changed();
  }

  closeNode() {
    const { node } = this;
    this.selectNode(null);
    this.graph.reach(node);
  }

  closeRun() {
    const { run_id } = this.run;
    this.selectRun("");
    const row = [...byId("runs").querySelectorAll("button")].find((one) => one.dataset.run === run_id);
    (row ?? byId("runs-title")).focus();
  }

  // Events

  /** Everything may have changed: a reset, other flows. */
  reload() {
    if (!this.model.flows.runs.has(this.run.run_id)) this.run.show("");
    else this.run.fetch();
    if (this.model.flows.flows.length) this.keypad.fetch();
    this.changed();
  }

  onRun(outline) {
    const ended = outline.ended !== null && outline.run_id === this.run.run_id;
    if (outline.run_id === this.awaited) this.selectRun(outline.run_id);
    else if (outline.run_id === this.run.run_id) this.run.fetch();
    if (ended) announce(`${shortRun(outline.run_id)}: ${outline.ended}.`);
    this.keypad.onRun(outline);
    this.changed();
  }

  // Drawing

  draw() {
    const { flows, runs } = this.model.flows;
    byId("flows").hidden = byId("flows-link").hidden = flows.length === 0;
    if (!flows.length) return;
    const live = [...runs.values()].filter((run) => run.ended === null).length;
    say(byId("flows-note"), `${count(flows.length, "flow")} · ${count(live, "live run")}`);
    this.offer(flows);
    this.keypad.draw();
    this.list.draw(this.run.run_id);
    this.drawGraph();
    const flow = this.model.flows.flow(this.run.run?.phlo_id);
    this.run.draw(flow?.name ?? this.run.run?.phlo_id);
  }

  async drawGraph() {
    const { flow } = this;
    byId("graph").setAttribute("aria-busy", String(this.graph.nodes.size === 0));
    this.update();
    try {
      if (await this.graph.show(flow)) this.update();
    } catch (wrong) {
      this.failed(wrong);
    }
    byId("graph").setAttribute("aria-busy", "false");
  }

  update() {
    const { flow } = this;
    const taken = this.model.flows.taken.get(flow.phlo_id) ?? new Map();
    const { run, states, nodes } = this.run.followed;
    const mine = run?.phlo_id === flow.phlo_id;
    const tokens = this.model.flows.tokens(flow.phlo_id);
    const followed = mine ? { states, nodes } : { states: new Set(), nodes: new Set() };
    this.graph.update({ taken, tokens, run: followed, selected: this.node });
    this.facts.draw(flow, this.node, { taken, tokens, run: mine ? run : null });
    this.tickGraph();
  }

  offer(flows) {
    const select = byId("flow-select");
    const shown = JSON.stringify(flows.map(({ phlo_id, name }) => [phlo_id, name]));
    if (shown !== this.offered) {
      select.replaceChildren(...flows.map(({ phlo_id, name }) => el("option", { value: phlo_id }, name)));
      this.offered = shown;
    }
    if (select.value !== this.flow.phlo_id) select.value = this.flow.phlo_id;
    byId("flow-choice").hidden = flows.length < 2;
  }

  tick() {
    if (!this.model.flows.flows.length) return;
    this.list.tick();
    this.tickGraph();
  }

  tickGraph() {
    const now = this.model.now();
    this.graph.tick(now);
    this.facts.tick(now);
  }
}
