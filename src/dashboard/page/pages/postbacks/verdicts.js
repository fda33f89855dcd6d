// What became of postbacks, by destination. Pure.

/** Postbacks by destination: how many stand how. */
export function byDestination(postbacks) {
  const found = new Map();
  for (const { destination, state, settled_at: at } of postbacks) {
    if (!found.has(destination)) found.set(destination, { destination, waiting: 0, delivered: 0, rejected: 0, skipped: 0, dead: 0, last: "" });
    const row = found.get(destination);
    row[state] += 1;
    if (state === "delivered" && at > row.last) row.last = at;
  }
  return [...found.values()].sort((a, b) => a.destination.localeCompare(b.destination));
}
