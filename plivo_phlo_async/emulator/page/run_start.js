// Starts a run by API request, with a value for each key of its payload.

import { attempt, byId, el } from "./dom.js";
import { startRun } from "./actions.js";

export class RunStart {
  /** `began(run_id)` is called with the run that the request starts. */
  constructor(began) {
    this.form = byId("run-start");
    this.fields = byId("run-start-fields");
    this.drawn = "";
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(this.form, async () => began(await startRun(this.phlo_id, this.payload)));
    });
  }

  /** The keys that have a value; for the others the flow has its defaults. */
  get payload() {
    const filled = [...this.fields.querySelectorAll("input")].filter((input) => input.value !== "");
    return Object.fromEntries(filled.map((input) => [input.name, input.value]));
  }

  /** Draw the fields of a flow, unless they are drawn; hidden where no API request starts it. */
  draw({ phlo_id, start, keys }) {
    this.phlo_id = phlo_id;
    this.form.hidden = !Object.hasOwn(start, "API Request");
    const wanted = JSON.stringify([phlo_id, keys]);
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    const field = ([key, value]) =>
      el("label", {}, `${key} `, el("input", { name: key, placeholder: value, spellcheck: "false" }));
    this.fields.replaceChildren(...Object.entries(keys).map(field));
  }
}
