const $ = (id) => document.getElementById(id);

// No event reports a hold or a transfer: the page knows of those that Plivo accepted in this tab.
const nothing = { agent: "", held: {}, transfer: false, ringing: null };
const known = { ...nothing, ...JSON.parse(sessionStorage.getItem("desktop")) };
let members = [], socket = null, isLive = false, requests = 0;

const isSame = (...addresses) => {
  const [one, other] = addresses.map((each) => each?.toLowerCase().replace(/[\s().+-]/g, ""));
  return one === other;
};

function show() {
  sessionStorage.setItem("desktop", JSON.stringify(known));
  const rows = members.map(({ member_id: id, address }) => ({ id, address, note: known.held[id] }));
  if (known.ringing) rows.push({ id: "ringing", ...known.ringing });
  const items = new Map([...$("members").children].map((item) => [item.dataset.id, item]));
  for (const [id, item] of items) if (!rows.some((row) => row.id === id)) item.remove();
  for (const row of rows) fill(items.get(row.id) ?? added(), row);
  for (const button of document.querySelectorAll("button")) button.disabled = !isLive;
  $("warm-transfer").disabled ||= known.transfer || !members.length;
  for (const name of ["resume", "abort"]) $(name).disabled ||= !known.transfer;
}

const added = () => $("members").appendChild($("row").content.firstElementChild.cloneNode(true));

function fill(item, { id, address, note }) {
  const [hold, hangUp] = item.querySelectorAll("button");
  const isMine = isSame(address, known.agent);
  item.dataset.id = id;
  item.querySelector("span").textContent = isMine ? `${address} (you)` : address;
  item.querySelector("small").textContent = note ?? "";
  hold.hidden = id === "ringing";
  hold.textContent = known.held[id] ? "Unhold" : "Hold";
  hold.ariaLabel = `${hold.textContent} ${address}`;
  hold.onclick = () => act(known.held[id] ? "unhold" : "hold", address, id);
  hangUp.ariaLabel = `Hang up ${address}`;
  hangUp.onclick = () => act("hangup", address, id);
}

// To the worker

const act = (verb, address, id) => send({ action: { verb, member_address: address }, id });

function dial(verb, to, role) {
  known.ringing = { address: to, note: "dialling", request: requests + 1 };
  send({ action: { verb, trigger_source: known.agent, to, role } });
}

function send(request) {
  $("error").textContent = "";
  socket.send(JSON.stringify({ ...request, request: ++requests }));
  show();
}

// From the worker

const endTransfer = { transfer: false, held: {} };
const ACCEPTED = {
  call: ["is ringing", () => ({})],
  warm_transfer: ["is ringing, the customer is on hold", () => ({ transfer: true })],
  hold: ["is on hold", (id) => ({ held: { ...known.held, [id]: "on hold" } })],
  unhold: ["is off hold", (id) => ({ held: { ...known.held, [id]: undefined } })],
  hangup: ["is hung up", (id) => (id === "ringing" ? { ringing: null } : {})],
  resume_call: ["is in the call with everyone", () => endTransfer],
  abort_transfer: ["is back with the customer", () => ({ ...endTransfer, ringing: null })],
};

function onMembers(sent) {
  [members, isLive] = [sent.members, true];
  $("link").textContent = `Live, from worker ${sent.worker}`;
  if (members.some(({ address }) => isSame(address, known.ringing?.address))) known.ringing = null;
  if (!members.length) Object.assign(known, endTransfer);
}

function onResult({ action, id }, ringing) {
  const [text, change] = ACCEPTED[action.verb];
  $("status").textContent = `${action.to ?? action.member_address} ${text}`;
  if (ringing) ringing.note = "ringing";
  Object.assign(known, change(id));
}

function onAnswer({ action, answered, after }, ringing) {
  if (answered) $("status").textContent = `${action.to} has answered`;
  if (answered || !ringing) return;
  ringing.note = `no answer after ${after} s`;
  const waits = known.transfer ? ", the customer is on hold" : "";
  $("status").textContent = `${action.to}: ${ringing.note}${waits}`;
}

function onError({ action, id, error }, ringing) {
  [$("status").textContent, $("error").textContent] = ["", error.message];
  if (ringing) known.ringing = null;
  if (!error.may_have_happened) return;
  if (ringing) known.ringing = { ...ringing, note: "may be ringing" };
  if (action.verb === "warm_transfer") known.transfer = true;
  if (action.verb.endsWith("hold")) known.held = { ...known.held, [id]: "may be on hold" };
}

function connect() {
  const path = `agents/${encodeURIComponent(known.agent)}`;
  socket = new WebSocket(new URL(path, location.href.replace("http", "ws")));
  socket.onmessage = ({ data }) => {
    const sent = JSON.parse(data);
    const ringing = known.ringing?.request === sent.request ? known.ringing : null;
    const handle = sent.members ? onMembers : sent.error ? onError : sent.result ? onResult : onAnswer;
    handle(sent, ringing);
    show();
  };
  socket.onclose = () => {
    isLive = false;
    $("link").textContent = "Connection lost: what was sent last may have happened";
    if (known.ringing) known.ringing.note = "may be ringing";
    show();
    setTimeout(connect, 1000);
  };
}

function onSubmit(event) {
  event.preventDefault();
  if (event.target.id === "call") dial("call", $("customer").value, "customer");
  else dial("warm_transfer", $("colleague").value, "agent");
}

$("agent").onchange = () => {
  Object.assign(known, nothing, { agent: $("agent").value });
  socket ? socket.close() : connect();
};
$("call").onsubmit = $("transfer").onsubmit = onSubmit;
$("resume").onclick = () => act("resume_call", known.agent);
$("abort").onclick = () => act("abort_transfer", known.agent);
$("agent").value = known.agent;
if (known.ringing) Object.assign(known.ringing, { note: "may be ringing", request: 0 });
if (known.agent) connect();
show();
