// Actions of Plivo's API, sent as the account: those on a call, those that suit a state, and `run`.

import { ask } from "./api.js";
import { faultKinds, faultSummary } from "./model.js";

/** The actions on a member, by the type of its node. */
export const MEMBER_ACTIONS = {
  multi_party_call: ["hold", "unhold", "mute", "unmute", "resume_call", "abort_transfer", "voicemail_drop", "hangup"],
  conference_bridge: ["mute", "unmute", "hangup"],
};

/** The actions that ring a phone into a call, by the type of its node. */
export const DIAL_ACTIONS = {
  multi_party_call: ["call", "warm_transfer", "cold_transfer"],
  conference_bridge: [],
};

const SUITABLE = {
  ringing: [],
  in_call: ["hold", "hangup"],
  on_hold: ["unhold", "hangup"],
  consulting: ["hangup"],
  voicemail: ["voicemail_drop"],
  left: [],
};

/** The actions that make sense in a member's state, the most likely first. */
export function suitable(type, { state, muted }, waits) {
  if (state === "left" || state === "ringing") return [];
  if (type === "conference_bridge") return [muted ? "unmute" : "mute", "hangup"];
  // A member that waits for a transfer returns when it ends.
  return waits ? ["hangup"] : (SUITABLE[state] ?? []);
}

/** The actions that can ring a phone into this call now. */
export function suitableDials(type, { members, transfer }) {
  const all = DIAL_ACTIONS[type] ?? [];
  const transferable = !transfer && members.some((member) => member.state === "in_call");
  return transferable ? all : all.slice(0, 1);
}

/** Send an action; returns "" if it was accepted, else one line that says why not. */
export async function sendAction(body) {
  try {
    return refusal(await ask("POST", "/actions", body));
  } catch (wrong) {
    return wrong.message;
  }
}

/** Start a run by API request; returns its id, throws an Error that says why it was refused. */
export async function startRun(phlo_id, payload) {
  const answer = await ask("POST", "/actions", { phlo_id, action: "run", payload });
  const refused = refusal(answer);
  if (refused) throw new Error(refused);
  return answer.body.phlo_run_id;
}

function refusal({ status, body, reason, fault }) {
  if (faultKinds.get(fault)?.usable === false) return `no usable answer: ${faultSummary(fault)}`;
  const error = reason ?? body.error;
  return status >= 400 || error ? `${status}: ${error || "refused"}` : "";
}
