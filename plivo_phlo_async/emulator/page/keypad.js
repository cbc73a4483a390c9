// A phone for a person: it calls the numbers of flows, hears prompts as text, and presses keys.

import { attempt, byId, canonical, el, say, words } from "./dom.js";
import { ask, oneAtATime, part } from "./api.js";

const KEYS = "123456789*0#";

const NO_PHONE = { heard: [], heard_count: 0, received: [], received_count: 0, calls: [] };

/** How many prompts, and how many texts, are shown. */
const ENTRIES_SHOWN = 100;

/** `began(run_id)` is called with the run that a call or a message starts. */
export class Keypad {
  constructor(model, began) {
    this.model = model;
    this.began = began;
    this.known = { address: "", heard: 0, received: 0, calls: [] };
    this.pressed = Promise.resolve();
    this.fetch = oneAtATime(() => this.update());
    this.address = byId("keypad-address");
    // "change" fires on mouse down elsewhere, and the refresh would move that button.
    this.address.addEventListener("input", () => {
      this.hideErrors();
      this.fetch();
    });
    byId("keypad-rings").addEventListener("change", () => this.setRings());
    this.onSubmit("keypad-call", () => this.start("call"));
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
      const shortcut = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key.length === 1 && KEYS.includes(event.key) && !shortcut) this.press(event.key);
    });
  }

  onSubmit(id, work) {
    byId(id).addEventListener("submit", (event) => {
      event.preventDefault();
      this.tried(byId(id), work);
    });
  }

  // What a person does

  /** Do something; its error is one line beside its button, and replaces every earlier one. */
  tried(box, work) {
    this.hideErrors();
    return attempt(box, work);
  }

  hideErrors() {
    for (const line of byId("keypad").querySelectorAll(".refused")) line.hidden = true;
  }

  act(action, body, phone = this.phone) {
    return ask("POST", `/phones/${part(phone)}/${action}`, body);
  }

  async start(action, body = {}) {
    const { run_id } = await this.act(action, { to: byId("keypad-number").value, ...body });
    this.began(run_id);
  }

  async text() {
    await this.start("text", { message: byId("keypad-message").value });
    byId("keypad-message").value = "";
  }

  /** Keys are pressed in the order of their buttons. */
  press(key) {
    const { phone } = this;
    this.pressed = this.pressed.then(() => this.tried(this.keys, () => this.act("press", { keys: key }, phone)));
  }

  async setRings() {
    const does = byId("keypad-rings").checked ? "ring" : "answer";
    const body = { ...this.model.phones[this.spelling], does };
    await this.tried(this.acts, async () => {
      const { phones } = await ask("POST", `/phones/${part(this.spelling)}`, body);
      this.model.phones = phones;
    });
    this.drawState();
  }

  /** The address as it was configured, or as it is written. */
  get spelling() {
    const key = canonical(this.phone);
    return Object.keys(this.model.phones).find((address) => canonical(address) === key) ?? this.phone;
  }

  // What the phone hears

  /** Draw what the phone has heard; a phone without an address has heard nothing. */
  async update() {
    const { phone } = this;
    const known = phone ? await ask("GET", `/phones/${part(phone)}`).catch(() => null) : NO_PHONE;
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
    while (list.childElementCount > ENTRIES_SHOWN) list.firstElementChild.remove();
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
    const calls = this.known.calls.length ? this.known.calls.map(flowCall) : this.otherCalls();
    say(byId("keypad-state"), calls.map((call) => call.text).join(" ") || "In no call.");
    byId("keypad").dataset.rings = calls.some((call) => call.rings);
  }

  /** The calls of the phone that no flow has made, such as an agent's. */
  otherCalls() {
    const key = canonical(this.phone);
    return [...this.model.calls.values()].flatMap(({ name, members }) =>
      members
        .filter((member) => canonical(member.address) === key && member.state !== "left")
        .map(({ state }) => callState(state, name, `In ${name}: ${words(state)}.`)),
    );
  }
}

/** A call of a phone in a flow: whether it rings, and where it is. */
function flowCall({ state, direction, from, to, node, for: kind }) {
  const other = direction === "inbound" ? to : from;
  return callState(state, other, `In a call with ${other}, at ${node}${kind ? `: ${kind}` : ""}.`);
}

function callState(state, caller, otherwise) {
  const rings = state === "ringing";
  return { rings, text: rings ? `Ringing: ${caller} is calling.` : otherwise };
}
