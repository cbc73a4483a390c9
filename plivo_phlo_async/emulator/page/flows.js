// The flows: one of them as a graph, the runs, and a phone. Hidden while there is no flow.

import { announce, byId, count, el, say } from "./dom.js";
import { shortRun } from "./flow_model.js";
import { FlowGraph } from "./graph.js";
import { Keypad } from "./keypad.js";
import { NodeFacts, fillOnce } from "./node_facts.js";
import { RunFacts } from "./run_facts.js";
import { RunList } from "./run_list.js";
import { RunStart } from "./run_start.js";

/** `changed()` asks for `draw` in the next frame; `failed(error)` shows an error. */
export class Flows {
  constructor(model, changed, failed) {
    this.model = model;
    this.changed = changed;
    this.failed = failed;
    this.phlo_id = null;
    this.node = null;
    this.graph = new FlowGraph(byId("graph"), (name) => this.selectNode(name === this.node ? null : name));
    this.runList = new RunList(model, (run_id) => this.selectRun(run_id === this.runFacts.run_id ? "" : run_id));
    this.runFacts = new RunFacts({
      changed,
      select: (name) => this.selectNodeOfRun(name),
      close: () => this.closeRun(),
      gone: () => this.selectRun(""),
      failed,
    });
    this.nodeFacts = new NodeFacts(() => this.closeNode());
    this.keypad = new Keypad(model, (run_id) => this.selectRun(run_id));
    this.runStart = new RunStart((run_id) => this.onStart(run_id));
    byId("flow-select").addEventListener("change", (event) => this.selectFlow(event.target.value));
  }

  get flow() {
    const { flows } = this.model.flows;
    return this.model.flows.flow(this.phlo_id) ?? flows[0];
  }

  // What a person selects

  selectFlow(phlo_id) {
    if (phlo_id === this.flow?.phlo_id || !this.model.flows.flow(phlo_id)) return;
    this.phlo_id = phlo_id;
    this.node = null;
    this.keypad.choose(this.flow);
    this.changed();
  }

  selectNode(name) {
    this.node = name;
    this.changed();
  }

  /** Select a node in the path of the selected run, whichever flow is shown. */
  selectNodeOfRun(name) {
    this.selectFlow(this.runFacts.run.phlo_id);
    this.selectNode(name);
  }

  /** Select a run, "" for none, and the flow that it is of. */
  selectRun(run_id) {
    const run = this.model.flows.runs.get(run_id);
    if (run) this.selectFlow(run.phlo_id);
    // Its first event may come after the answer to the request that started it.
    this.awaited = run ? "" : run_id;
    this.runFacts.show(run_id);
    this.changed();
  }

  closeNode() {
    const { node } = this;
    this.selectNode(null);
    this.graph.focus(node);
  }

  closeRun() {
    const { run_id } = this.runFacts;
    this.selectRun("");
    const row = [...byId("runs").querySelectorAll("button")].find((one) => one.dataset.run === run_id);
    (row ?? byId("runs-title")).focus();
  }

  // Events

  onStart(run_id) {
    this.selectRun(run_id);
    announce(`${shortRun(run_id)} started.`);
  }

  /** Everything may have changed: a reset, other flows. */
  reload() {
    // The emulator may have a run that is not among the latest ones, unless it has none at all.
    if (!this.model.flows.runs.size) this.runFacts.show("");
    else this.runFacts.fetch();
    if (this.model.flows.flows.length) this.keypad.fetch();
    this.changed();
  }

  onRun(outline) {
    const ended = outline.ended !== null && outline.run_id === this.runFacts.run_id;
    if (outline.run_id === this.awaited) this.selectRun(outline.run_id);
    else if (outline.run_id === this.runFacts.run_id) this.runFacts.fetch();
    if (ended) announce(`${shortRun(outline.run_id)}: ${outline.ended}.`);
    this.keypad.onRun(outline);
    this.changed();
  }

  // Drawing

  draw() {
    const { flows, live, problems } = this.model.flows;
    byId("flows").hidden = byId("flows-link").hidden = flows.length === 0;
    if (!flows.length) return;
    say(byId("flows-note"), `${count(flows.length, "flow")} · ${count(live, "live run")}`);
    this.drawProblems(problems);
    this.offer(flows);
    this.keypad.draw();
    this.runStart.draw(this.flow);
    this.runList.draw(this.runFacts.run_id);
    this.drawGraph();
    const phlo_id = this.runFacts.run?.phlo_id;
    this.runFacts.draw(this.model.flows.flow(phlo_id)?.name ?? phlo_id);
  }

  /** The files that are watched and that could not be loaded again. */
  drawProblems(problems) {
    const lines = Object.values(problems).flatMap((text) => text.split("\n"));
    fillOnce(byId("file-problems-list"), lines, (line) => [el("li", {}, line)]);
    byId("file-problems").hidden = lines.length === 0;
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
    if (!flow) return;
    const taken = this.model.flows.taken.get(flow.phlo_id) ?? new Map();
    const { run, states, nodes } = this.runFacts.followed;
    const mine = run?.phlo_id === flow.phlo_id;
    const tokens = this.model.flows.tokens(flow.phlo_id);
    const followed = mine ? { states, nodes } : { states: new Set(), nodes: new Set() };
    this.graph.update({ taken, tokens, run: followed, selected: this.node });
    this.nodeFacts.draw(flow, this.node, { taken, tokens, run: mine ? run : null });
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
    this.runList.tick();
    this.tickGraph();
  }

  tickGraph() {
    const now = this.model.now();
    this.graph.tick(now);
    this.nodeFacts.tick(now);
  }
}
