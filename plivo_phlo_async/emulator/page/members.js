// A member of a call, with its actions; and a transfer: its two ends, and what ends it.

import { el, icon, length, say, sync, words } from "./dom.js";
import { MEMBER_ACTIONS, suitable } from "./actions.js";

const ANSWERS = [
  ["answer", "Answer"],
  ["reject", "Reject"],
];

/**
 * `handlers` does what a button asks: `phone(act, address)`, `request(action, address)`, `menu(line)`;
 * `focus()` takes the focus of a member that leaves.
 */
export class MemberLine {
  constructor(address, handlers) {
    this.address = address;
    this.handlers = handlers;
    this.shown = "";
    this.tags = el("span", { class: "tags" });
    this.chip = el("span", { class: "chip" });
    this.time = el("span", { class: "since" });
    this.direct = el("span", { class: "direct" });
    this.more = moreButton(`More for ${address}`, () => handlers.menu(this));
    this.refused = el("p", { class: "refused", hidden: "" });
    this.element = el(
      "li",
      { class: "member" },
      el("span", { class: "who" }, el("span", { class: "address" }, ...breakable(address)), this.tags),
      el("span", { class: "how" }, this.chip, this.time),
      el("span", { class: "acts" }, this.direct, this.more),
      this.refused,
    );
  }

  update(member, part, type) {
    this.since = member.since;
    const shown = `${member.state} ${member.muted} ${part} ${type}`;
    if (shown === this.shown) return;
    const focused = this.element.contains(document.activeElement);
    this.shown = shown;
    this.member = member;
    this.type = type;
    this.element.dataset.state = member.state;
    this.chip.replaceChildren(icon(member.state), words(member.state));
    this.tags.replaceChildren(
      ...(part ? [el("span", { class: "tag" }, part)] : []),
      ...(member.muted ? [el("span", { class: "tag" }, icon("muted"), "muted")] : []),
    );
    this.drawButtons(part === "waits");
    const lost = !this.element.contains(document.activeElement) || member.state === "left";
    if (focused && lost) this.focus();
  }

  drawButtons(waits) {
    const phone = this.member.state === "ringing" ? ANSWERS : [];
    this.direct.replaceChildren(
      ...phone.map(([act, text]) => this.button(act, text, () => this.handlers.phone(act, this.address))),
      ...suitable(this.type, this.member, waits).map((action) =>
        this.button(action, el("code", {}, action), () => this.handlers.request(action, this.address)),
      ),
    );
    this.more.hidden = this.member.state === "left";
  }

  button(act, shown, press) {
    const label = `${shown.textContent ?? shown} ${this.address}`;
    return el("button", { type: "button", "aria-label": label, "data-act": act, click: press }, shown);
  }

  focus() {
    if (this.member.state === "left") this.handlers.focus();
    else (this.direct.firstChild ?? this.more).focus();
  }

  /** What the menu of this member offers: every action of the API, then what its phone can do. */
  get choices() {
    const { address, handlers, member } = this;
    const actions = (MEMBER_ACTIONS[this.type] ?? []).map((action) => [action, () => handlers.request(action, address), true]);
    const phone = [...(member.state === "ringing" ? ANSWERS : []), ["hangup", "Hang up"]];
    return [
      ["Request", actions],
      ["Phone", phone.map(([act, text]) => [text, () => handlers.phone(act, address)])],
    ];
  }

  /** Show why the latest request was refused, "" for nothing. */
  refuse(text) {
    say(this.refused, text);
    this.refused.hidden = !text;
  }

  tick(now) {
    say(this.time, length(now - this.since));
  }
}

/** An address that breaks after its `@` first. */
function breakable(address) {
  const at = address.indexOf("@") + 1;
  return at ? [address.slice(0, at), el("wbr"), address.slice(at)] : [address];
}

/** A button that opens a menu. */
export function moreButton(label, open) {
  const attributes = { type: "button", class: "more-button", "aria-haspopup": "menu", "aria-expanded": "false" };
  return el("button", { ...attributes, "aria-label": label, click: open }, icon("more"));
}

// A transfer

/** The title and note of a transfer. */
function title({ kind, consulting: pair, target_state: target }) {
  if (kind === "cold") return ["Cold transfer", "the transferor leaves when the target answers"];
  if (pair.length) return ["Consultation", "warm transfer: only these two hear each other"];
  return ["Warm transfer", target === "ringing" ? "the target is ringing" : "in progress"];
}

export class TransferBox {
  constructor(handlers) {
    this.handlers = handlers;
    this.title = el("h4");
    this.note = el("p", { class: "note" });
    this.ends = el("ul", { class: "members" });
    this.arrow = el("li", { class: "arrow" });
    this.endings = el("dl", { class: "endings" });
    this.element = el(
      "section",
      { class: "transfer" },
      el("div", { class: "transfer-head" }, this.title, this.note),
      this.ends,
      el("p", { class: "ends-with" }, "It ends with"),
      this.endings,
    );
  }

  update(transfer, transferor, target) {
    const [name, note] = title(transfer);
    this.title.replaceChildren(icon(transfer.consulting.length ? "consulting" : "arrow"), name);
    this.note.textContent = note;
    this.element.dataset.kind = transfer.kind;
    this.element.dataset.consulting = transfer.consulting.length > 0;
    this.element.setAttribute("aria-label", name);
    const says = transfer.kind === "cold" ? "transfers to" : "consults";
    this.arrow.replaceChildren(icon("arrow"), says);
    sync(this.ends, [transferor, ...(transfer.consulting.length ? [] : [this.arrow]), target].filter(Boolean));
    this.drawEndings(transfer);
  }

  drawEndings(transfer) {
    const shown = JSON.stringify(transfer.ended_by);
    // A button that exists stays: it may have the focus.
    if (shown === this.shown) return;
    this.shown = shown;
    this.endings.replaceChildren(...transfer.ended_by.flatMap((one) => this.ending(one, transfer)));
  }

  ending({ action, member, then }, { transferor, target }) {
    const who = { [transferor]: "transferor", [target]: "target" }[member] ?? member;
    return [el("dt", {}, this.cause(action, member, who), ` ${who}`), el("dd", {}, then)];
  }

  cause(action, member, who) {
    const name = el("code", {}, action);
    // The buttons of a phone are on its line.
    if (!MEMBER_ACTIONS.multi_party_call.includes(action)) return name;
    const press = () => this.handlers.request(action, member);
    return el("button", { type: "button", "aria-label": `${action} ${who}`, click: press }, name);
  }
}
