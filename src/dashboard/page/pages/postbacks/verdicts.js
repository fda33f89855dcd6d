// What became of postbacks, by destination. Ids of destinations are of their site. Pure.

/** Postbacks by destination: how many stand how. */
export function byDestination(postbacks) {
  const found = new Map();
  for (const { site, destination, state, settled_at: at } of postbacks) {
    const key = `${site ?? ""} ${destination}`;
    if (!found.has(key)) found.set(key, { site, destination, waiting: 0, delivered: 0, rejected: 0, skipped: 0, dead: 0, last: "" });
    const row = found.get(key);
    row[state] += 1;
    if (state === "delivered" && at > row.last) row.last = at;
  }
  return [...found.values()].sort((a, b) => a.destination.localeCompare(b.destination) || String(a.site).localeCompare(String(b.site)));
}
