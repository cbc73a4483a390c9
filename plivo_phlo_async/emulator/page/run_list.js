// The runs: live ones first, each with where it waits or why it ended.

import { Rows, byId, count, el, icon, length, say, timeOf } from "./dom.js";

const RUN_ROWS = 60;

/** `select(run_id)` is called for a run that is chosen. */
export class RunList {
  constructor(model, select) {
    this.model = model;
    this.rows = new Rows(byId("runs"), (run) => new RunRow(run.run_id, select));
  }

  draw(selected) {
    const { listed, live, flows, runs } = this.model.flows;
    const names = new Map(flows.map((flow) => [flow.phlo_id, flow.name]));
    const shown = listed.slice(0, RUN_ROWS);
    this.rows.draw(shown.map((run) => outlineOf(run, names, run.run_id === selected)), (run) => run.run_id);
    byId("no-runs").hidden = runs.size > 0;
    const cut = runs.size > RUN_ROWS ? ` · first ${RUN_ROWS} shown` : "";
    say(byId("runs-note"), runs.size ? `${live} live${cut}` : "");
    this.tick();
  }

  tick() {
    const now = this.model.now();
    for (const row of this.rows.rows.values()) row.tick(now);
  }
}

function outlineOf(run, names, selected) {
  const { run_id, phlo_id, trigger, phones, started_at, ended_at, ended, waiting, notes } = run;
  const waits = waiting.slice(0, 3).map((wait) => `${wait.node}: ${wait.for}`);
  if (waiting.length > 3) waits.push(`${waiting.length - 3} more`);
  const name = names.get(phlo_id) ?? phlo_id;
  return { run_id, name, trigger, phone: phones[0] ?? "", started_at, ended_at, ended, waits, notes: notes.length, selected };
}

class RunRow {
  constructor(run_id, select) {
    this.chip = el("span", { class: "chip" });
    this.name = el("span", { class: "action" });
    this.how = el("span", { class: "note" });
    this.time = el("span", { class: "since" });
    this.where = el("span", { class: "where" });
    const title = el("span", { class: "run-title" }, this.name, " ", this.how);
    const attributes = { type: "button", class: "run", "data-run": run_id, click: () => select(run_id) };
    this.button = el("button", attributes, this.chip, title, this.time, this.where);
    this.element = el("li", {}, this.button);
  }

  update(run) {
    this.run = run;
    const live = run.ended === null;
    this.element.dataset.state = live ? "in_call" : "left";
    this.button.setAttribute("aria-pressed", String(run.selected));
    this.chip.replaceChildren(icon(live ? "in_call" : "left"), live ? "live" : "ended");
    say(this.name, run.name);
    const notes = run.notes ? ` · ${count(run.notes, "note")}` : "";
    say(this.how, [run.trigger, run.phone].filter(Boolean).join(" · ") + notes);
    say(this.where, live ? run.waits.join(" · ") : run.ended);
    const since = el("span", {}, "");
    this.time.replaceChildren(timeOf(run.started_at), " ", since);
    this.since = since;
    if (!live) say(since, length(run.ended_at - run.started_at));
  }

  tick(now) {
    if (this.run.ended === null) say(this.since, length(now - this.run.started_at));
  }
}
