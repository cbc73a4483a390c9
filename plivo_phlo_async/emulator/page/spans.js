// How many ranks the edges of a graph cross: dagre's time grows with them.

/** How many ranks all edges may cross, for a layout within a second or so. */
const MOST_RANKS = 10000;

/**
 * Return the edges to lay out: all of them, or, where that takes too long, those that lead from one
 * step to the next, counted from the first node.
 */
export function edgesToPlace(names, edges) {
  const leads = new Map(names.map((name) => [name, []]));
  for (const { from, to } of edges) leads.get(from).push(to);
  if (ranksCrossed(leads) <= MOST_RANKS) return edges;
  const steps = stepsTo(leads);
  return edges.filter(({ from, to }) => steps.get(to) === steps.get(from) + 1);
}

/** The sum of the ranks that the edges cross, each node one rank below the last that leads to it. */
function ranksCrossed(leads) {
  const order = [];
  const open = new Set();
  const seen = new Set();
  const ahead = new Map([...leads.keys()].map((name) => [name, []]));
  const visit = (name) => {
    seen.add(name);
    open.add(name);
    for (const to of leads.get(name)) {
      // An edge back is turned round, as dagre does.
      if (open.has(to)) ahead.get(to).push(name);
      else ahead.get(name).push(to);
      if (!seen.has(to)) visit(to);
    }
    open.delete(name);
    order.unshift(name);
  };
  for (const name of leads.keys()) if (!seen.has(name)) visit(name);
  const ranks = new Map(order.map((name) => [name, 0]));
  for (const name of order) {
    for (const to of ahead.get(name)) if (to !== name) ranks.set(to, Math.max(ranks.get(to), ranks.get(name) + 1));
  }
  const crossed = ([name, targets]) => targets.reduce((sum, to) => sum + ranks.get(to) - ranks.get(name), 0);
  return [...ahead].reduce((sum, one) => sum + crossed(one), 0);
}

/** How many steps each node is from the first; one that nothing leads to begins at 0. */
function stepsTo(leads) {
  const steps = new Map();
  for (const first of leads.keys()) {
    if (steps.has(first)) continue;
    steps.set(first, 0);
    const found = [first];
    for (const name of found) {
      for (const to of leads.get(name)) {
        if (steps.has(to)) continue;
        steps.set(to, steps.get(name) + 1);
        found.push(to);
      }
    }
  }
  return steps;
}
