// Webhooks: the callback URL, and each delivery with its outcome.

import { byId, copyable, count, el, icon, say, timeOf } from "./dom.js";
import { ask } from "./api.js";

const DELIVERY_ROWS = 200;
const ICONS = { waiting: "waiting", delivered: "ok", refused: "refused", failed: "failed" };

export class Webhooks {
  constructor(perform) {
    this.perform = perform;
    this.list = byId("deliveries");
    this.rows = new Map();
    this.fresh = new Map();
    byId("callback").addEventListener("submit", (event) => this.set(event));
    byId("callback-clear").addEventListener("click", () =>
      perform(() => ask("DELETE", "/callback"), "The callback is removed."),
    );
  }

  set(event) {
    event.preventDefault();
    const [url, method, format, version, port] = [
      "url",
      "method",
      "format",
      "version",
      "port_in_signature",
    ].map((name) => byId(`callback-${name}`).value.trim());
    const body = { url, method, format, version, port_in_signature: port === "true" };
    this.perform(() => ask("POST", "/callback", body), `Events are sent to ${url}.`);
  }

  /** Show the callback in the form. */
  show({ callback, nodes }) {
    const form = byId("callback");
    if (!form.contains(document.activeElement) || !callback) {
      const none = { url: "", method: "POST", format: "form", version: "V3" };
      const shown = callback ?? { ...none, port_in_signature: true };
      for (const [name, value] of Object.entries(shown)) byId(`callback-${name}`).value = value;
    }
    byId("callback-clear").hidden = !callback;
    const own = nodes.length ? `${count(nodes.length, "node")} with its own URL` : "";
    say(byId("webhooks-note"), own);
  }

  take(deliveries) {
    this.rows.clear();
    this.fresh.clear();
    for (const one of deliveries.slice(0, DELIVERY_ROWS).reverse()) this.fresh.set(one.id, one);
    this.list.replaceChildren();
  }

  add(delivery) {
    this.fresh.set(delivery.id, delivery);
    if (this.fresh.size > DELIVERY_ROWS) this.fresh.delete(this.fresh.keys().next().value);
  }

  draw() {
    const made = [];
    for (const [id, delivery] of this.fresh) {
      const known = this.rows.get(id);
      const row = known ?? new Row((one) => this.redeliver(one));
      row.update(delivery);
      if (!known) {
        this.rows.set(id, row);
        made.unshift(row.element);
      }
    }
    this.fresh.clear();
    if (made.length) this.list.prepend(...made);
    while (this.list.childElementCount > DELIVERY_ROWS) {
      this.rows.delete(Number(this.list.lastChild.dataset.number));
      this.list.lastChild.remove();
    }
    byId("no-deliveries").hidden = this.list.childElementCount > 0;
  }

  redeliver(delivery) {
    this.perform(() => ask("POST", `/deliveries/${delivery.id}/redeliver`, {}), "Queued again.");
  }
}

class Row {
  constructor(redeliver) {
    this.redeliver = redeliver;
    this.summary = el("summary");
    this.details = el("details", {}, this.summary);
    this.body = el("div", { class: "body" });
    this.element = el("li", {}, this.details);
    this.details.addEventListener("toggle", () => this.fill());
  }

  update(delivery) {
    this.delivery = delivery;
    const { outcome, status, attempts, event, member, url } = delivery;
    this.element.dataset.number = delivery.id;
    this.element.dataset.outcome = outcome;
    const chip = el("span", { class: "chip status" }, icon(ICONS[outcome]), status ? String(status) : outcome);
    chip.title = outcome;
    this.summary.replaceChildren(
      timeOf(delivery.time),
      chip,
      el("span", { class: "action" }, event.replace("Conference", "")),
      el("span", { class: "address" }, member),
      el("span", { class: "change" }, `${attempts ? count(attempts, "attempt") : "waiting"} · ${url}`),
    );
    if (this.details.open) this.fill();
  }

  fill() {
    if (!this.details.open || this.filled === this.delivery) return;
    const { method, url, headers, body, signed, outcome, status, attempts, error, redelivery_of } = this.delivery;
    this.filled = this.delivery;
    const facts = [outcome, status && `status ${status}`, count(attempts, "attempt"), error];
    if (redelivery_of) facts.push(`redelivery of ${redelivery_of}`);
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const redeliver = el("button", { type: "button", click: () => this.redeliver(this.delivery) }, "Redeliver");
    this.body.replaceChildren(
      el("p", { class: "facts" }, facts.filter(Boolean).join(" · "), redeliver),
      copyable("Signed string", signed),
      copyable("Request", [`${method} ${url}`, ...head, ...(body ? ["", body] : [])].join("\n")),
    );
    this.details.append(this.body);
  }
}
