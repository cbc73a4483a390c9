// The state of the page: the emulator's dashboard, updated by its events. It draws nothing.

import { canonical } from "./dom.js";
import { numberOf } from "./api.js";
import { FlowModel } from "./flow_model.js";

/** The kinds of faults by name, from the dashboard. */
export const faultKinds = new Map();

/** How many of the calls that ended last are kept, as in the emulator. */
const ENDED_CALLS = 20;

/** The start of a call's id, by which people distinguish the calls of a node. */
export const shortId = (call_id) => `call ${call_id.slice(0, 8)}`;

export const faultSummary = (kind) => faultKinds.get(kind)?.summary ?? kind;

export class Model {
  constructor() {
    this.calls = new Map();
    this.flows = new FlowModel();
    this.ended = [];
    this.nodes = [];
    this.account = {};
    this.phones = {};
    this.dialled = {};
    this.faults = [];
    this.requests = 0;
    this.latency = 0;
    this.ahead = 0;
    this.seen = 0;
  }

  /** Replace everything with a dashboard. */
  load(dashboard) {
    this.calls = new Map(dashboard.calls.map((call) => [call.call_id, call]));
    this.flows.load(dashboard);
    this.ended = dashboard.ended;
    this.nodes = dashboard.nodes;
    this.account = dashboard.account;
    this.phones = dashboard.phones;
    this.defaultPhone = dashboard.default_phone;
    this.dialled = dashboard.dialled;
    this.faults = dashboard.faults;
    this.requests = dashboard.requests;
    this.latency = dashboard.latency;
    this.ahead = dashboard.now - Date.now() / 1000;
    this.seen = numberOf(dashboard.event);
    for (const one of dashboard.fault_kinds) faultKinds.set(one.kind, one);
  }

  /** Seconds since 1970 by the emulator's clock. */
  now() {
    return Date.now() / 1000 + this.ahead;
  }

  node({ phlo_id, node_id }) {
    return this.nodes.find((n) => n.phlo_id === phlo_id && n.node_id === node_id);
  }

  /** Apply a step of one call: it has only the members that changed. */
  step(change) {
    const { call_id, phlo_id, node_id, at: opened } = change;
    if (change.dialled) Object.assign(this.dialled, change.dialled);
    const name = this.node(change)?.node ?? "";
    const call = this.calls.get(call_id) ?? { call_id, phlo_id, node_id, name, opened, members: [] };
    const changed = new Map(change.members.map((member) => [canonical(member.address), member]));
    const members = call.members.map((member) => {
      const key = canonical(member.address);
      const now = changed.get(key) ?? member;
      changed.delete(key);
      return now;
    });
    const next = { ...call, members: [...members, ...changed.values()], transfer: change.transfer };
    if (change.ended) this.end(next, change.at);
    else this.calls.set(call_id, next);
  }

  end(call, ended) {
    this.calls.delete(call.call_id);
    this.ended = [{ ...call, ended }, ...this.ended].slice(0, ENDED_CALLS);
  }

  /** The call in which the API acts on a live member: of those at the node, the one opened last. */
  callOf({ phlo_id, node_id }, address) {
    const key = canonical(address);
    const isIn = ({ members }) => members.some((m) => canonical(m.address) === key && m.state !== "left");
    const at = [...this.calls.values()].filter((c) => c.phlo_id === phlo_id && c.node_id === node_id);
    return at.findLast(isIn);
  }
}

/** The spellings of what a person searches for; none for no search. */
export function queryOf(text) {
  const plain = text.trim().toLowerCase();
  const digits = /^\+?[\d\s().-]+$/.test(plain) ? plain.replace(/\D/g, "") : "";
  return [plain, digits].filter(Boolean);
}

/** Whether a call matches a search: by an address, its node, its PHLO or its id. */
export function found(call, model, query) {
  return !query.length || query.some((one) => textOf(call, model).includes(one));
}

const texts = new WeakMap();

function textOf(call, model) {
  if (!texts.has(call)) {
    const names = [call.call_id, call.name, call.node_id, model.node(call)?.phlo, call.phlo_id];
    const all = [...names, ...call.members.map((member) => member.address)];
    texts.set(call, all.join("\n").toLowerCase());
  }
  return texts.get(call);
}

/** The outcome of a request: ok, throttled, refused, failed, or lost without a usable answer. */
export function outcomeOf(entry) {
  if (faultKinds.get(entry.fault)?.usable === false) return "lost";
  const status = entry.answer?.status ?? 0;
  if (status === 429) return "throttled";
  if (status >= 500) return "failed";
  return status >= 400 || entry.error ? "refused" : "ok";
}

export const OUTCOMES = {
  ok: "done",
  throttled: "throttled, 429",
  refused: "refused",
  failed: "failed, 5xx",
  lost: "no usable answer",
};

/** Whether an entry of the log matches a filter; the same rule as the emulator's. */
export function fits(entry, { call, member, errors }) {
  if (call && call !== entry.call_id && call !== `${entry.phlo_id}/${entry.node_id}`) return false;
  if (errors && !(entry.fault || (entry.answer?.status ?? 0) >= 400 || entry.error)) return false;
  return !member || about(entry).has(canonical(member));
}

function about(entry) {
  const members = [...entry.before.members, ...entry.after.members].map((m) => m.address);
  return new Set([entry.address, transferorOf(entry), ...members].filter(Boolean).map(canonical));
}

function transferorOf(entry) {
  try {
    return JSON.parse(entry.request?.body || "{}").trigger_source;
  } catch {
    return null;
  }
}
