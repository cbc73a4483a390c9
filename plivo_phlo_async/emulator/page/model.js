// What the page knows: the emulator's dashboard, kept up by its events. It draws nothing.

import { lineOf } from "./dom.js";
import { numberOf } from "./api.js";

export const keyOf = (place) => JSON.stringify([place.phlo_id, place.node_id]);

export class Model {
  constructor() {
    this.calls = new Map();
    this.nodes = [];
    this.phones = {};
    this.dialled = {};
    this.faults = [];
    this.requests = 0;
    this.latency = 0;
    this.ahead = 0;
    this.seen = 0;
  }

  /** Take the whole dashboard, in place of all that was known. */
  take(dashboard) {
    this.calls = new Map(dashboard.calls.map((call) => [keyOf(call), call]));
    this.nodes = dashboard.nodes;
    this.phones = dashboard.phones;
    this.dialled = dashboard.dialled;
    this.faults = dashboard.faults;
    this.requests = dashboard.requests;
    this.latency = dashboard.latency;
    this.ahead = dashboard.now - Date.now() / 1000;
    this.seen = numberOf(dashboard.event);
  }

  /** Seconds since 1970 by the emulator's clock. */
  now() {
    return Date.now() / 1000 + this.ahead;
  }

  node(place) {
    return this.nodes.find((n) => n.phlo_id === place.phlo_id && n.node_id === place.node_id);
  }

  /** Take a step of one call: only the members that changed are told. */
  step(told) {
    const key = keyOf(told);
    if (told.dialled) this.dialled = told.dialled;
    if (told.ended) {
      this.calls.delete(key);
      return;
    }
    const { phlo_id, node_id } = told;
    const name = this.node(told)?.node ?? "";
    const call = this.calls.get(key) ?? { phlo_id, node_id, name, members: [], transfer: null };
    const changed = new Map(told.members.map((member) => [lineOf(member.address), member]));
    const members = call.members.map((member) => {
      const line = lineOf(member.address);
      const now = changed.get(line) ?? member;
      changed.delete(line);
      return now;
    });
    this.calls.set(key, { ...call, members: [...members, ...changed.values()], transfer: told.transfer });
  }
}

/** How a request came out: ok, throttled, refused, failed, or lost where no answer came. */
export function outcomeOf(entry) {
  if (LOST.has(entry.fault)) return "lost";
  const status = entry.answer?.status ?? 0;
  if (status === 429) return "throttled";
  if (status >= 500) return "failed";
  return status >= 400 || entry.error ? "refused" : "ok";
}

const LOST = new Set([
  "close_before",
  "close_after",
  "reset_after",
  "hang_after",
  "cut_body",
  "not_json",
  "garbage",
]);

export const OUTCOMES = {
  ok: "done",
  throttled: "throttled, 429",
  refused: "refused",
  failed: "failed, 5xx",
  lost: "no usable answer",
};

/** Whether an entry of the log is one that a filter asks for; the same rule as the emulator's. */
export function fits(entry, { call, member, errors }) {
  if (call && `${entry.phlo_id}/${entry.node_id}` !== call) return false;
  if (errors && !(entry.fault || (entry.answer?.status ?? 0) >= 400 || entry.error)) return false;
  return !member || about(entry).has(lineOf(member));
}

function about(entry) {
  const members = [...entry.before.members, ...entry.after.members].map((m) => m.address);
  return new Set([entry.address, giverOf(entry), ...members].filter(Boolean).map(lineOf));
}

function giverOf(entry) {
  try {
    return JSON.parse(entry.request?.body || "{}").trigger_source;
  } catch {
    return null;
  }
}
