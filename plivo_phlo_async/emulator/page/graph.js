// The graph of a flow: its nodes, with the tokens on them, and its edges, with their counts.

import { length, say, svgEl } from "./dom.js";
import { describeWaits, oldestOf, stateKey, waitsOf } from "./flow_model.js";
import { layOut, shortened, textWidth } from "./layout.js";

const [SMALLEST, CORNER] = [0.7, 10];
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** `select(name)` is called for a node that is chosen. */
export class FlowGraph {
  constructor(box, select) {
    this.box = box;
    this.select = select;
    this.nodes = new Map();
    this.edges = [];
    this.drawn = "";
    new ResizeObserver(() => this.resize()).observe(box);
    box.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Lay out a flow, unless it is drawn already; returns whether it was laid out. */
  async show(flow) {
    const wanted = JSON.stringify([flow.phlo_id, flow.name, flow.start, flow.nodes]);
    if (wanted === this.drawn) return false;
    this.drawn = wanted;
    try {
      const placed = await layOut(flow);
      if (wanted !== this.drawn) return false;
      this.build(placed, flow.name);
      return true;
    } catch (wrong) {
      // The layout could not be loaded: the next draw loads it again.
      if (wanted === this.drawn) this.drawn = "";
      throw wrong;
    }
  }

  build({ width, height, nodes, edges }, name) {
    const focused = this.box.contains(document.activeElement) && document.activeElement.dataset.node;
    this.size = { width, height };
    this.edges = edges.map((edge) => new GraphEdge(edge));
    this.nodes = new Map(nodes.map((node) => [node.name, new GraphNode(node, this)]));
    const drawing = svgEl(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Nodes of ${name}` },
      svgEl("defs", {}, arrowHead("arrow"), arrowHead("arrow-run")),
      svgEl("g", { "aria-hidden": "true" }, ...this.edges.map((edge) => edge.element)),
      ...[...this.nodes.values()].map((node) => node.element),
    );
    this.box.replaceChildren(drawing);
    this.resize();
    this.showStart();
    this.setTabStop(focused || "Start");
    if (focused) this.focus(focused);
  }

  /** Scroll to the first node: in a narrow window the others would be in front of it. */
  showStart() {
    const { x } = this.nodes.get("Start").place;
    const { scrollWidth, clientWidth } = this.box;
    this.box.scrollTo((x / this.size.width) * scrollWidth - clientWidth / 2, 0);
  }

  /** Fit the drawing into the box, as long as it can be read. */
  resize() {
    const drawing = this.box.firstElementChild;
    if (!drawing) return;
    const { width, height } = this.size;
    const scale = Math.min(1, Math.max(SMALLEST, this.box.clientWidth / width));
    drawing.setAttribute("width", Math.floor(width * scale));
    drawing.setAttribute("height", Math.floor(height * scale));
  }

  /** Draw what changes: `taken` counts states, `run` has the states and nodes of the selected run. */
  update({ taken, tokens, run, selected }) {
    for (const edge of this.edges) edge.update(taken, run.states);
    for (const [name, node] of this.nodes) {
      node.update(tokens.get(name) ?? [], run.nodes.has(name), name === selected);
    }
  }

  tick(now) {
    for (const node of this.nodes.values()) node.tick(now);
  }

  // The focus: one node can be reached by Tab, the arrow keys move to the others.

  /** Let Tab lead to a node, or to the first one where there is no such node. */
  setTabStop(name) {
    const node = this.nodes.get(name) ?? this.nodes.get("Start");
    for (const one of this.nodes.values()) one.element.setAttribute("tabindex", one === node ? "0" : "-1");
    return node;
  }

  focus(name) {
    this.setTabStop(name).element.focus();
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const name = event.target.dataset?.node;
    const at = this.nodes.get(name);
    if (!at) return;
    if (event.key === "Enter" || event.key === " ") this.select(name);
    else if (event.key === "Home") this.focus("Start");
    else if (ARROWS[event.key]) this.focus(this.nearest(at.place, ARROWS[event.key]) ?? name);
    else return;
    event.preventDefault();
  }

  /** The name of the nearest node in a direction, if there is one. */
  nearest({ x, y }, [right, down]) {
    let [best, least] = [null, Infinity];
    for (const [name, { place }] of this.nodes) {
      const [dx, dy] = [place.x - x, place.y - y];
      const ahead = dx * right + dy * down;
      const far = ahead + 2 * Math.abs(dx * down + dy * right);
      if (ahead > 1 && far < least) [best, least] = [name, far];
    }
    return best;
  }
}

class GraphNode {
  constructor(place, graph) {
    this.place = place;
    this.tokens = [];
    const { name, title, component, x, y, width, height } = place;
    const [left, top] = [x - width / 2, y - height / 2];
    this.pill = svgEl("rect", { class: "pill", y: top - 12, height: 18, rx: 9 });
    this.wait = svgEl("text", { class: "wait", y: top + 1 });
    this.badge = svgEl("g", { class: "badge" });
    this.element = svgEl(
      "g",
      {
        class: "graph-node",
        role: "button",
        tabindex: "-1",
        "data-node": name,
        "data-start": component ? null : "true",
        click: () => {
          graph.focus(name);
          graph.select(name);
        },
      },
      svgEl("title", {}, name),
      svgEl("rect", { class: "box", x: left, y: top, width, height, rx: CORNER }),
      svgEl("text", { class: "name", x, y: component ? y : y + 5 }, title),
      component ? svgEl("text", { class: "component", x, y: y + 16 }, component) : null,
      this.badge,
    );
  }

  update(tokens, visited, selected) {
    this.tokens = tokens;
    const { name, component } = this.place;
    const waits = tokens.length ? describeWaits(tokens) : "";
    const path = visited ? "in the path of the run" : "";
    this.set("aria-label", [name, component, waits, path].filter(Boolean).join(", "));
    this.set("aria-pressed", String(selected));
    this.set("data-live", String(tokens.length > 0));
    this.set("data-visited", String(visited));
  }

  set(attribute, value) {
    if (this.element.getAttribute(attribute) !== value) this.element.setAttribute(attribute, value);
  }

  /** Show how many tokens wait here, for what and for how long. */
  tick(now) {
    const { tokens } = this;
    if (!tokens.length) {
      if (this.badge.firstChild) this.badge.replaceChildren();
      return;
    }
    const text = `${shortened(waitsOf(tokens))} ${length(now - oldestOf(tokens))}`;
    if (!this.badge.firstChild) this.badge.append(this.pill, this.wait);
    // All digits have one width.
    const shape = text.replace(/\d/g, "0");
    if (shape !== this.shape) this.widen(shape);
    this.shape = shape;
    say(this.wait, text);
  }

  /** Make room for a text. */
  widen(text) {
    const wide = textWidth(text, 11, 600) + 18;
    const left = this.place.x + this.place.width / 2 - wide + 12;
    this.pill.setAttribute("x", left);
    this.pill.setAttribute("width", wide);
    this.wait.setAttribute("x", left + wide / 2);
  }
}

class GraphEdge {
  constructor({ from, states, points, x, y, height }) {
    const top = y - height / 2 + 11;
    this.line = svgEl("path", { class: "line", d: curve(points), "marker-end": "url(#arrow)" });
    this.labels = states.map((state, at) => {
      const times = svgEl("tspan", { class: "times" });
      const label = svgEl("text", { class: "state", x, y: top + at * 15 }, shortened(state), times);
      return { key: stateKey(from, state), label, times };
    });
    this.element = svgEl("g", { class: "graph-edge", "data-from": from }, this.line, ...this.labels.map((one) => one.label));
  }

  update(taken, followed) {
    let [any, mine] = [false, false];
    for (const { key, label, times } of this.labels) {
      const n = taken.get(key) ?? 0;
      say(times, n ? ` ${n}×` : "");
      label.dataset.run = followed.has(key);
      any ||= n > 0;
      mine ||= followed.has(key);
    }
    this.element.dataset.taken = any;
    if (this.element.dataset.run === String(mine)) return;
    this.element.dataset.run = mine;
    this.line.setAttribute("marker-end", mine ? "url(#arrow-run)" : "url(#arrow)");
  }
}

function arrowHead(id) {
  const attributes = { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" };
  return svgEl("marker", attributes, svgEl("path", { d: "M0 0 8 4 0 8Z" }));
}

/** A line through points, rounded at each but the first and the last. */
function curve(points) {
  const [first, ...rest] = points.map(({ x, y }) => [x, y]);
  const last = rest.pop();
  const bends = rest.map(([x, y], at) => {
    const [nextX, nextY] = rest[at + 1] ?? last;
    const end = at + 1 < rest.length ? [(x + nextX) / 2, (y + nextY) / 2] : [nextX, nextY];
    return `Q${x} ${y} ${end.join(" ")}`;
  });
  return `M${first.join(" ")}${bends.join("")}${rest.length ? "" : `L${last.join(" ")}`}`;
}
