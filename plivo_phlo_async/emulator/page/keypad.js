// A phone for a person: it calls the numbers of flows, hears prompts as text, and presses keys.

import { byId, canonical, el, say } from "./dom.js";
import { ask, oneAtATime, part } from "./api.js";

const KEYS = "123456789*0#";

/** `began(run_id)` is called with the run that a call or a message starts. */
export class Keypad {
  constructor(model, began) {
    this.model = model;
    this.began = began;
    this.known = { address: "", heard: 0, received: 0, calls: [] };
    this.pressed = Promise.resolve();
    this.fetch = oneAtATime(() => this.update());
    this.address = byId("keypad-address");
    this.address.addEventListener("change", () => this.fetch());
    byId("keypad-rings").addEventListener("change", () => this.setRings());
    this.onSubmit("keypad-call", () => this.start("call", {}));
    this.onSubmit("keypad-speak", () => this.act("speak", { seconds: Number(byId("keypad-seconds").value) }));
    this.onSubmit("keypad-text", () => this.text());
    this.acts = byId("keypad-acts");
    for (const button of this.acts.querySelectorAll("button")) {
      button.addEventListener("click", () => this.tried(this.acts, () => this.act(button.dataset.act, {})));
    }
    this.buildKeys();
  }

  get phone() {
    return this.address.value.trim();
  }

  buildKeys() {
    this.keys = byId("keypad-keys");
    const button = (key) => el("button", { type: "button", "data-key": key, click: () => this.press(key) }, key);
    this.keys.firstElementChild.append(...[...KEYS].map(button));
    this.keys.addEventListener("keydown", (event) => {
      if (KEYS.includes(event.key) && event.key.length === 1 && !event.ctrlKey && !event.metaKey) this.press(event.key);
    });
  }

  onSubmit(id, work) {
    byId(id).addEventListener("submit", (event) => {
      event.preventDefault();
      this.tried(byId(id), work);
    });
  }

  // What a person does

  /** Do something; its error is one line beside its button. */
  async tried(box, work) {
    const refused = box.querySelector(".refused");
    let wrong = "";
    try {
      await work();
    } catch (error) {
      wrong = error.message;
    }
    say(refused, wrong);
    refused.hidden = !wrong;
  }

  act(action, body) {
    return ask("POST", `/phones/${part(this.phone)}/${action}`, body);
  }

  async start(action, body) {
    const { run_id } = await this.act(action, { to: byId("keypad-number").value, ...body });
    this.began(run_id);
  }

  async text() {
    await this.start("text", { message: byId("keypad-message").value });
    byId("keypad-message").value = "";
  }

  /** Keys are pressed in the order of their buttons. */
  press(key) {
    this.pressed = this.pressed.then(() => this.tried(this.keys, () => this.act("press", { keys: key })));
  }

  setRings() {
    const box = byId("keypad-rings");
    const script = this.model.phones[this.spelling] ?? {};
    const body = { ...script, does: box.checked ? "ring" : "answer" };
    const path = `/phones/${part(this.spelling)}`;
    this.tried(this.acts, () => ask("POST", path, body));
  }

  /** The address as it was configured, or as it is written. */
  get spelling() {
    const key = canonical(this.phone);
    return Object.keys(this.model.phones).find((address) => canonical(address) === key) ?? this.phone;
  }

  // What the phone hears

  /** Draw what the phone has heard, unless its address is empty. */
  async update() {
    const { phone } = this;
    if (!phone) return;
    const known = await ask("GET", `/phones/${part(phone)}`).catch(() => null);
    if (known === null || phone !== this.phone) return;
    const same = phone === this.known.address;
    this.add(byId("keypad-heard"), known.heard, known.heard_count, same ? this.known.heard : null);
    const texts = known.received.map(({ from, text, media }) => [`${from}: ${text}`, ...media].join(" "));
    this.add(byId("keypad-received"), texts, known.received_count, same ? this.known.received : null);
    byId("keypad-received").hidden = texts.length === 0;
    this.known = { address: phone, heard: known.heard_count, received: known.received_count, calls: known.calls };
    this.drawState();
  }

  /** Add the entries that are new, so that a screen reader says no other; all for another phone. */
  add(list, entries, total, before) {
    const all = before === null || total < before;
    const fresh = all ? entries : entries.slice(Math.max(0, entries.length - (total - before)));
    const made = fresh.map((text) => el("p", {}, text));
    if (all) list.replaceChildren(...made);
    else list.append(...made);
    if (made.length) list.scrollTop = list.scrollHeight;
  }

  /** A step of a run: it may concern this phone. */
  onRun({ phones }) {
    if (phones.includes(canonical(this.phone))) this.fetch();
  }

  // Drawing

  draw() {
    const numbers = this.model.flows.flows.flatMap(({ numbers, name }) => numbers.map((number) => [number, name]));
    const shown = JSON.stringify(numbers);
    if (shown !== this.offered) this.offer(numbers);
    this.offered = shown;
    byId("keypad-call").hidden = byId("keypad-text").hidden = numbers.length === 0;
    this.drawState();
  }

  offer(numbers) {
    const select = byId("keypad-number");
    const chosen = select.value;
    select.replaceChildren(...numbers.map(([number, name]) => el("option", { value: number }, `${number} · ${name}`)));
    if (numbers.some(([number]) => number === chosen)) select.value = chosen;
  }

  /** Choose a number of a flow. */
  choose({ numbers }) {
    const select = byId("keypad-number");
    if (numbers.length && !numbers.includes(select.value)) select.value = numbers[0];
  }

  drawState() {
    byId("keypad-rings").checked = this.model.phones[this.spelling]?.does === "ring";
    const flows = this.known.calls.map(({ state, direction, from, to, node, for: kind }) => {
      const other = direction === "inbound" ? to : from;
      return state === "ringing" ? `Ringing: ${other} calls.` : `In a call with ${other}, at ${node}${kind ? `: ${kind}` : ""}.`;
    });
    const all = flows.length ? flows : this.memberships();
    say(byId("keypad-state"), all.join(" ") || "In no call.");
    byId("keypad").dataset.rings = all.some((text) => text.startsWith("Ringing"));
  }

  /** Where the phone is in a call that no flow has made, such as an agent's. */
  memberships() {
    const key = canonical(this.phone);
    return [...this.model.calls.values()].flatMap((call) =>
      call.members
        .filter((member) => canonical(member.address) === key && member.state !== "left")
        .map(({ state }) => (state === "ringing" ? `Ringing: ${call.name} calls.` : `In ${call.name}: ${state.replace("_", " ")}.`)),
    );
  }
}
