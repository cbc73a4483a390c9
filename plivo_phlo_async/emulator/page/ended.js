// The calls that ended last: collapsed, each with its members, how long it lasted and when it ended.

import { byId, count, el, length, say, sync, timeOf } from "./dom.js";
import { found, shortId } from "./model.js";

export class EndedCalls {
  constructor(model, showLog) {
    this.model = model;
    this.showLog = showLog;
    this.rows = new Map();
    this.query = [];
    this.box = byId("ended");
    this.list = byId("ended-calls");
    this.box.addEventListener("toggle", () => this.draw(this.query));
  }

  draw(query) {
    this.query = query;
    const { ended } = this.model;
    const shown = ended.filter((call) => found(call, this.model, query));
    this.box.hidden = ended.length === 0;
    const many = count(ended.length, "ended call");
    say(byId("ended-title"), query.length ? `${shown.length} of ${many}` : many);
    if (!this.box.open) return;
    const kept = new Map(shown.map((call) => [call.call_id, this.rows.get(call.call_id) ?? this.row(call)]));
    this.rows = kept;
    sync(this.list, [...kept.values()]);
  }

  row(call) {
    const { call_id, members, opened, ended } = call;
    const node = this.model.node(call);
    const name = call.name || call.node_id;
    const press = () => this.showLog(call);
    const log = el("button", { type: "button", class: "plain", "aria-label": `Log of ${name}, ${shortId(call_id)}`, click: press }, "Log of this call");
    return el(
      "li",
      {},
      el("h3", {}, name, el("span", { class: "note" }, ` ${node?.phlo ?? call.phlo_id} · ${shortId(call_id)}`)),
      el("p", { class: "note lasted" }, `lasted ${length(ended - opened)} · ended `, timeOf(ended)),
      el("ul", {}, ...members.map(formerMember)),
      log,
    );
  }
}

const formerMember = ({ address, role }) => el("li", {}, el("span", { class: "address" }, address), ` ${role}`);
