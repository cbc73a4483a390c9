// The menu of actions: one for the page, opened by many buttons.

import { byId, el } from "./dom.js";

const EDGE = 8;

export class Menu {
  constructor() {
    this.box = byId("menu");
    this.list = byId("menu-items");
    this.note = byId("menu-note");
    this.opener = null;
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("pointerdown", (event) => this.onPress(event), true);
    for (const moved of ["scroll", "resize"]) addEventListener(moved, (event) => this.onMove(event), true);
  }

  /** Open at `opener`, or close: `groups` are `[title, [[label, work, isCode], ...]]`. */
  toggle(opener, name, groups, note = "") {
    const same = this.opener === opener;
    this.close();
    if (same) return;
    this.opener = opener;
    opener.setAttribute("aria-expanded", "true");
    this.list.setAttribute("aria-label", name);
    this.list.replaceChildren(...groups.map((group) => this.group(...group)));
    this.note.textContent = note;
    this.note.hidden = !note;
    this.box.showPopover();
    this.place(opener.getBoundingClientRect());
    this.items[0].focus();
  }

  get items() {
    return [...this.list.querySelectorAll("button")];
  }

  group(title, items) {
    const heading = el("span", { class: "menu-title", "aria-hidden": "true" }, title);
    const buttons = items.map((item) => this.item(...item));
    return el("div", { role: "group", "aria-label": title }, heading, ...buttons);
  }

  item(label, work, isCode) {
    const choose = () => {
      this.close(true);
      work();
    };
    const shown = isCode ? el("code", {}, label) : label;
    return el("button", { type: "button", role: "menuitem", tabindex: "-1", click: choose }, shown);
  }

  place({ top, right, bottom }) {
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const below = bottom + 4;
    const above = Math.max(EDGE, top - height - 4);
    const left = Math.min(right - width, innerWidth - width - EDGE);
    this.box.style.left = `${Math.max(EDGE, left)}px`;
    this.box.style.top = `${below + height > innerHeight - EDGE ? above : below}px`;
  }

  close(focus = false) {
    const { opener } = this;
    if (!opener) return;
    this.opener = null;
    opener.setAttribute("aria-expanded", "false");
    this.box.hidePopover();
    if (focus) opener.focus();
  }

  onKey(event) {
    const { items } = this;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) items.at(to % items.length).focus();
    else if (event.key === "Escape" || event.key === "Tab") this.close(true);
    else return;
    if (event.key !== "Tab") event.preventDefault();
  }

  onPress({ target }) {
    if (!this.box.contains(target) && !this.opener?.contains(target)) this.close();
  }

  onMove({ target }) {
    if (target === window || !this.box.contains(target)) this.close();
  }
}
