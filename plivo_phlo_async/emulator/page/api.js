// The emulator's API: requests, and the stream of its events.

const ROOT = "/_emulator";

/** Send a request and return the JSON of its response; throws an Error with its error text and `status`. */
export async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(ROOT + path, options);
  } catch {
    throw new Error("The emulator is not reachable.");
  }
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const wrong = new Error(json.error || `The emulator answered ${answer.status}.`);
    throw Object.assign(wrong, { status: answer.status });
  }
  return json;
}

export const part = (text) => encodeURIComponent(text);

/** Return a function that does `work`; where it is called meanwhile, it does it once more afterwards. */
export function oneAtATime(work) {
  let [running, again] = [false, false];
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      running = false;
    }
  };
}

/** The number of an event: its id is `INSTANCE-NUMBER`. */
export const numberOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1));

/**
 * Subscribe to the events after the one with the id `last`: `receive(kind, data, number)` for each,
 * `linked("live" | "reconnecting")`.
 *
 * The browser reconnects and sends the id of its last event; an emulator that does not know it sends
 * a snapshot. Only where the browser has given up, because it got an error, a new stream is opened.
 */
export function subscribe(last, kinds, receive, linked) {
  const open = () => {
    const source = new EventSource(`${ROOT}/events?last_event_id=${last}`);
    source.onopen = () => linked("live");
    source.onerror = () => {
      linked("reconnecting");
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        last = event.lastEventId;
        receive(kind, JSON.parse(event.data), numberOf(last));
      });
    }
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}
