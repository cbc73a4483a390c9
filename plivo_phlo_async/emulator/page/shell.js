// The environment variables that point a client here, as lines for a shell.

import { byId, copyable } from "./dom.js";

/** The token of the demo account; every other is a secret, which the page does not have. */
const DEMO_TOKEN = "demo-token-that-only-the-emulator-knows";
const PLACEHOLDER = "your Auth Token";

/** A text as one word of a shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

/** The lines of a dashboard's account. */
export function exportLines({ account }) {
  const values = {
    PLIVO_AUTH_ID: account.auth_id,
    PLIVO_AUTH_TOKEN: account.demo_token ? DEMO_TOKEN : PLACEHOLDER,
    PLIVO_PHLO_BASE_URL: `${location.origin}/v1`,
    ...account.default_node,
  };
  const lines = Object.entries(values).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const host = location.hostname.replace(/^\[|\]$/g, "");
  return [...lines, `export NO_PROXY="\${NO_PROXY:+$NO_PROXY,}${host}"`].join("\n");
}

export class Shell {
  constructor(model) {
    this.model = model;
    this.block = byId("shell-block");
  }

  draw() {
    const text = exportLines(this.model);
    if (text !== this.text) this.block.replaceChildren(copyable("For a shell", text));
    this.text = text;
    byId("shell-token").hidden = this.model.account.demo_token;
    this.place();
  }

  /** Without a call the lines are what a person looks for; else they are among the controls. */
  place() {
    const empty = this.model.calls.size === 0;
    const home = byId(empty ? "shell-first" : "shell-home");
    if (this.block.parentElement.parentElement !== home) home.append(byId("shell-lines"));
    byId("shell").hidden = empty;
  }
}
