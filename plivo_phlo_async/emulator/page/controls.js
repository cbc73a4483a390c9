// The controls: dial in, set phones, inject faults, reset.

import { byId, canonical, count, el, icon, say } from "./dom.js";
import { ask, part } from "./api.js";
import { faultKinds } from "./model.js";

const PHONE_ROWS = 60;
const DOES = {
  answer: "answers",
  ring: "keeps ringing",
  reject: "rejects",
  voicemail: "is a voicemail",
  never: "never answers",
  invalid: "is an invalid number",
};

const isBridge = (node) => node.node_type === "conference_bridge";
const number = (id) => (byId(id).value === "" ? null : Number(byId(id).value));

export class Controls {
  constructor(model, perform) {
    this.model = model;
    this.perform = perform;
    this.on("ring", () => this.ringIn());
    this.on("phone", () => this.setPhone());
    this.on("fault", () => this.addFault());
    byId("quick").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.rule(button.dataset.rule, `Next request: ${button.firstChild.textContent}.`);
    });
    byId("faults-clear").addEventListener("click", () =>
      perform(() => ask("DELETE", "/faults"), "All faults are removed."),
    );
    byId("reset").addEventListener("click", () => this.confirmReset());
    byId("reset-cancel").addEventListener("click", () => byId("resetting").close());
    byId("reset-confirm").addEventListener("click", () => this.reset());
    byId("seed").addEventListener("change", (event) => this.load(event.target));
  }

  on(id, act) {
    byId(id).addEventListener("submit", (event) => {
      event.preventDefault();
      act();
    });
  }

  ringIn() {
    const address = byId("ring-address").value.trim();
    const node = this.model.nodes[Number(byId("ring-node").value)];
    const { phlo_id, node_id } = node ?? {};
    const body = { role: byId("ring-role").value, phlo_id, node_id };
    this.perform(() => ask("POST", `/phones/${part(address)}/call`, body), `${address} dials in.`);
  }

  setPhone() {
    const address = byId("phone-address").value.trim();
    const does = byId("phone-does").value;
    const body = { does, after: number("phone-after") ?? 0 };
    this.perform(() => ask("POST", `/phones/${part(address)}`, body), `${address} ${DOES[does]}.`);
  }

  addFault() {
    const percent = number("fault-percent");
    const rule = {
      kind: byId("fault-kind").value,
      action: byId("fault-action").value || null,
      address: byId("fault-address").value.trim() || null,
      count: number("fault-count"),
      probability: percent === null ? null : percent / 100,
      seconds: number("fault-seconds"),
    };
    this.rule(rule, "The fault is active.");
  }

  rule(rule, done) {
    this.perform(() => ask("POST", "/faults", JSON.stringify(rule)), done);
  }

  /** Say what a reset drops, and ask. */
  confirmReset() {
    const { calls, ended, requests } = this.model;
    say(byId("reset-calls"), `${count(calls.size, "live call")} and ${count(ended.length, "ended call")}`);
    say(byId("reset-requests"), `${count(requests, "request")}`);
    byId("reset-runs")?.remove();
    const { runs } = this.model.flows;
    if (runs.size) byId("reset-calls").after(el("li", { id: "reset-runs" }, "the runs of flows, and their counts"));
    byId("resetting").showModal();
  }

  reset() {
    byId("resetting").close();
    this.perform(() => ask("POST", "/reset", {}), "Reset.");
  }

  async load(input) {
    const [file] = input.files;
    if (!file) return;
    const text = await file.text();
    input.value = "";
    this.perform(() => ask("POST", "/seed", text), `${file.name} is loaded.`);
  }

  /** List the nodes and the kinds of faults. */
  offer() {
    const select = byId("ring-node");
    const chosen = select.value;
    const nodes = this.model.nodes.map((node, at) => ({ ...node, at }));
    // The calls come first: a person dials in to a bridge more rarely.
    const rung = nodes.sort((a, b) => isBridge(a) - isBridge(b));
    select.replaceChildren(
      ...rung.map((n) => el("option", { value: String(n.at) }, `${n.node} · ${n.phlo}`)),
    );
    if (rung.some((n) => String(n.at) === chosen)) select.value = chosen;
    const kinds = byId("fault-kind");
    if (kinds.options.length) return;
    for (const { kind, summary } of faultKinds.values()) kinds.append(el("option", { value: kind }, `${kind}: ${summary}`));
  }

  drawPhones() {
    const { phones, dialled, defaultPhone } = this.model;
    const random = defaultPhone.includes("%");
    const what = random ? `does one of these, at random: ${defaultPhone}` : `does this: ${defaultPhone}`;
    byId("default-phone").textContent = defaultPhone === "answer" ? "answers at once" : what;
    const others = DOES[defaultPhone] ?? (random ? "at random" : defaultPhone);
    const known = new Map();
    for (const [address, phone] of Object.entries(phones)) known.set(canonical(address), { address, phone, rung: 0 });
    for (const [address, rung] of Object.entries(dialled)) {
      const one = known.get(canonical(address)) ?? { address, phone: null };
      known.set(canonical(address), { ...one, rung });
    }
    // Those rung more than once first, then the latest.
    const all = [...known.values()].reverse().sort((a, b) => Math.max(1, b.rung) - Math.max(1, a.rung));
    const rows = all.slice(0, PHONE_ROWS).map(({ address, phone, rung }) => {
      const after = phone?.after ? ` after ${phone.after} s` : "";
      return el(
        "tr",
        {},
        el("td", { class: "address" }, address),
        el("td", {}, (phone ? DOES[phone.does] : others) + after),
        el("td", { class: "rung", "data-twice": rung > 1 }, `${rung}×`),
      );
    });
    if (all.length > PHONE_ROWS) rows.push(el("tr", {}, el("td", { colspan: "3" }, `and ${all.length - PHONE_ROWS} more`)));
    byId("known").replaceChildren(...rows);
    const box = byId("known-scroll");
    box.hidden = rows.length === 0;
    // A scrolling region must be reachable by keyboard.
    if (box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }

  drawFaults() {
    const { faults, latency } = this.model;
    const late = latency ? [el("li", { class: "note" }, `Every answer takes ${latency} s.`)] : [];
    byId("rules").replaceChildren(...late, ...faults.map((fault) => this.faultLine(fault)));
    byId("faults-clear").hidden = faults.length < 2;
    say(byId("faults-title"), "Faults");
  }

  faultLine(fault) {
    const drop = () => this.perform(() => ask("DELETE", `/faults/${fault.id}`), "The fault is removed.");
    const status = fault.spent
      ? `spent, happened ${fault.happened}×`
      : fault.happened
        ? `active, happened ${fault.happened}×`
        : "active";
    return el(
      "li",
      { "data-spent": fault.spent },
      icon(fault.spent ? "ok" : "waiting"),
      el("span", { class: "rule" }, el("code", {}, fault.text), el("span", { class: "note" }, status)),
      el("button", { type: "button", "aria-label": `Remove ${fault.text}`, click: drop }, "Remove"),
    );
  }
}
