// Where the nodes and edges of a flow's graph are: laid out by dagre, which the first flow loads.

import { edgesToPlace } from "./spans.js";

const DAGRE = "/_emulator/page/dagre.js";
const [NODE_HEIGHT, LINE_HEIGHT, NARROWEST, WIDEST] = [50, 15, 112, 236];
const GAPS = { nodesep: 34, edgesep: 18, ranksep: 40, marginx: 20, marginy: 20 };
const [PADDING, MOST_LETTERS] = [30, 28];

let pen = null;

/** The width of a text in the graph, in pixels. */
export function textWidth(text, size, weight = 400) {
  if (!pen) pen = document.createElement("canvas").getContext("2d");
  pen.font = `${weight} ${size}px ${getComputedStyle(document.documentElement).fontFamily}`;
  return pen.measureText(text).width;
}

/**
 * Return the graph of a flow: `{ width, height, nodes, edges }`, all with the coordinates of their
 * centres. The states of a node that lead to the same one share an edge.
 */
export async function layOut(flow) {
  const dagre = await import(DAGRE);
  const nodes = [{ name: "Start", component: "" }, ...flow.nodes].map(sized);
  // Names may hold anything, so numbers are the ids.
  const ids = new Map(nodes.map((node, at) => [node.name, `n${at}`]));
  const leads = [["Start", flow.start], ...flow.nodes.map((node) => [node.name, node.next])];
  const edges = leads.flatMap(([from, next]) => edgesFrom(from, next));
  const graph = new dagre.Graph({ multigraph: true }).setGraph({ rankdir: "TB", ...GAPS });
  for (const node of nodes) graph.setNode(ids.get(node.name), node);
  const names = nodes.map((node) => node.name);
  for (const edge of edgesToPlace(names, edges)) graph.setEdge(ids.get(edge.from), ids.get(edge.to), edge);
  dagre.layout(graph);
  const places = new Map(nodes.map((node) => [node.name, node]));
  for (const edge of edges) {
    if (edge.from === edge.to) loop(edge, places.get(edge.from));
    else if (!edge.points) connect(edge, places.get(edge.from), places.get(edge.to));
  }
  const { width, height } = graph.graph();
  return { width, height, nodes, edges };
}

/** An edge from a node to itself, at its right side. */
function loop(edge, { x, y, width }) {
  const right = x + width / 2;
  const [near, far] = [12, 24];
  edge.points = [[right, y - near], [right + far, y - far], [right + far, y + far], [right, y + near]].map(
    ([atX, atY]) => ({ x: atX, y: atY }),
  );
  Object.assign(edge, { x: right + far + edge.width / 2, y });
}

/** An edge that dagre did not place: straight from one node to the other, its label near the first. */
function connect(edge, from, to) {
  const down = to.y > from.y ? 1 : -1;
  const [begin, end] = [from.y + (down * from.height) / 2, to.y - (down * to.height) / 2];
  const [x, y] = [from.x + (to.x - from.x) / 6, begin + (end - begin) / 6];
  edge.points = [{ x: from.x, y: begin }, { x: to.x, y: end }];
  Object.assign(edge, { x, y });
}

function sized({ name, component }) {
  const title = fitted(name);
  const wide = Math.max(titleWidth(title), textWidth(component, 11)) + PADDING;
  return { name, title, component, width: Math.max(NARROWEST, wide), height: NODE_HEIGHT };
}

function edgesFrom(from, next) {
  const targets = new Map();
  for (const [state, to] of Object.entries(next)) targets.set(to, [...(targets.get(to) ?? []), state]);
  return [...targets].map(([to, states]) => {
    // Room for the counts: they grow, and nothing is laid out again.
    const width = Math.max(...states.map((state) => textWidth(`${shortened(state)} 999×`, 11)));
    return { from, to, states, width, height: states.length * LINE_HEIGHT, labelpos: "c" };
  });
}

const titleWidth = (text) => textWidth(text, 13, 600);

/** A name cut to what fits into the widest node, with an ellipsis. */
function fitted(name) {
  const room = WIDEST - PADDING;
  let [title, letters] = [name, [...name].length];
  let wide = titleWidth(title);
  while (wide > room) {
    // Letters differ in width, so this takes a few steps.
    letters = Math.min(letters - 1, Math.floor((letters * room) / wide));
    title = shortened(name, letters);
    wide = titleWidth(title);
  }
  return title;
}

/** A text cut to the letters that fit, with an ellipsis. */
export function shortened(text, most = MOST_LETTERS) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}
