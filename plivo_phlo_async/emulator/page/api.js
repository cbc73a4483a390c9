// The emulator's end of the line: asking it for things, and hearing what happens.

const ROOT = "/_emulator";

/** Ask the emulator; returns what it answers, throws an Error with its own words if it refuses. */
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
    throw new Error("The emulator does not answer.");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `The emulator answered ${answer.status}.`);
  return told;
}

export const part = (text) => encodeURIComponent(text);

/** An event's number among those of its emulator's life: its id is `LIFE-NUMBER`. */
export const numberOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1));

/**
 * Follow the events after the one with the id `last`: `hear(kind, data, number)` for each, `linked("live" | "reconnecting")`.
 *
 * The browser comes back by itself and says what it heard last; an emulator that does not know that
 * event, because it is another one or was started again, tells everything. Only where the browser
 * has given up, because it was turned away, is a new line opened here.
 */
export function follow(last, kinds, hear, linked) {
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
        hear(kind, JSON.parse(event.data), numberOf(last));
      });
    }
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}
