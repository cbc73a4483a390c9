// The dialog that rings a phone into a call: who rings whom, in which role.

import { announce, byId, canonical, el, refuse, say } from "./dom.js";
import { shortId } from "./model.js";
import { sendAction } from "./actions.js";

const EXPLAINED = {
  call: ["Call in", "Rings a phone, which joins the call when it answers."],
  warm_transfer: ["Warm transfer", "Holds the customers and rings an agent to consult."],
  cold_transfer: ["Cold transfer", "Holds the customers and rings an agent, who takes over."],
};

export class Dial {
  constructor() {
    this.dialog = byId("dial");
    this.to = byId("dial-to");
    this.sending = byId("dial-send");
    byId("dial-cancel").addEventListener("click", () => this.dialog.close());
    byId("dial-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  /** Open for an action in a call. */
  open(action, call) {
    const [name, note] = EXPLAINED[action];
    this.action = action;
    this.call = call;
    say(byId("dial-title"), name);
    say(byId("dial-note"), `${note} In ${call.name || call.node_id}, ${shortId(call.call_id)}.`);
    say(byId("dial-send-name"), action);
    this.offer(call);
    this.to.value = "";
    byId("dial-role").value = action === "call" ? "customer" : "agent";
    refuse(this.dialog, "");
    this.dialog.showModal();
    this.to.focus();
  }

  offer({ members }) {
    const live = members.filter((member) => member.state !== "left");
    const agent = live.find((m) => m.role === "agent" && m.state === "in_call") ?? live[0];
    const options = live.map((m) => el("option", { value: m.address }, `${m.address} · ${m.role}`));
    byId("dial-source").replaceChildren(...options);
    if (agent) byId("dial-source").value = agent.address;
  }

  async send() {
    const { phlo_id, node_id } = this.call;
    const [trigger_source, to] = [byId("dial-source").value, this.to.value.trim()];
    const body = { phlo_id, node_id, action: this.action, trigger_source, to, role: byId("dial-role").value };
    this.sending.disabled = true;
    const wrong = await sendAction(body);
    this.sending.disabled = false;
    if (!wrong) {
      this.dialog.close();
      announce(`${this.action} ${canonical(to)}: accepted.`);
      return;
    }
    refuse(this.dialog, wrong);
    this.to.focus();
  }
}
