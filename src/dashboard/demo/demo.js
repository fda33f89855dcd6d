// The box on the demo page: which number this visit was given, and why. It stands before the snippet and reads along
// what the service answers it; the snippet itself needs none of this.

(() => {
  const ORIGINAL = "8005550100";
  const ANSWERS = /\/v1\/(lease|beat)$/;
  const PATIENCE_MS = 5000;

  const TIERS = {
    own: ["A number of your own", "Nobody else is shown it while you are here: when it rings, it was you."],
    unrested: ["A number of your own", "Somebody else had it a short while ago, so a late call of theirs is still possible."],
    shared: ["A shared number", "All numbers are in use, so a few visitors share this one. Ringtrace weighs who called."],
    source: ["A number of your source", "It belongs to where you came from, not to you alone."],
    original: ["The original number", "The page was left as it is."],
  };

  const REASONS = {
    bot: "You look like a program; programs get no number.",
    prerender: "The page is being prerendered.",
    rate_limited: "Too many requests came from your network.",
    not_wanted: "The page has not asked for a number yet.",
    no_pool: "No pool serves this number.",
    pool_exhausted: "Every number of the pool is in use.",
    store_unavailable: "The store did not answer in time, so the page was left alone.",
  };

  let reply = null;
  let answered = false;

  const ask = window.fetch;
  window.fetch = async (...request) => {
    const response = await ask(...request);
    const address = String(request[0]?.url ?? request[0]);
    if (!ANSWERS.test(address)) return response;
    // Read here and handed on whole: the snippet ends its request once it has its answer, a copy would end too.
    const body = await response.text();
    read(body);
    return new Response(body, response);
  };

  function read(body) {
    answered = true;
    try {
      reply = JSON.parse(body);
    } catch {
      reply = null;
    }
    // The snippet swaps when it has read its own copy; by the next frames the page shows the result.
    setTimeout(show, 60);
  }

  // Where this visit came from, as its address says it.
  function arrival() {
    const params = new URLSearchParams(location.search);
    const source = params.get("utm_source");
    if (!source) return { words: "without a campaign: an earlier visit of the last half hour goes on", click: null };
    const parts = [source, params.get("utm_medium"), params.get("utm_campaign")].filter(Boolean);
    const click = ["gclid", "fbclid"].find((name) => params.has(name)) ?? null;
    return { words: parts.join(" / "), click };
  }

  const digits = (text) => text.replace(/\D/g, "").slice(-10);
  const all = (kind) => [...document.querySelectorAll(`[data-demo="${kind}"]`)];

  function swapped() {
    const links = all("tel").map((link) => digits(link.getAttribute("href")));
    const texts = [...all("text"), ...all("tel")].map((element) => digits(element.textContent));
    const isNew = (number) => number !== ORIGINAL;
    return {
      links: [links.filter(isNew).length, links.length],
      texts: [texts.filter(isNew).length, texts.length],
      number: all("tel")[0].textContent.trim(),
    };
  }

  const untouched = new Map();

  function element(tag, text, name = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = name;
    return made;
  }

  const byId = (id) => document.getElementById(id);

  function show() {
    const target = reply?.targets?.[0];
    const state = swapped();
    const changed = state.links[0] > 0;
    const tier = TIERS[target?.tier] ? target.tier : changed ? "own" : "original";
    const [title, why] = TIERS[tier];
    byId("box-dot").className = `dot ${changed ? "dot-on" : "dot-off"}`;
    byId("box-title").textContent = title;
    byId("box-number").textContent = state.number;
    byId("box-why").textContent = reasonOf(target, changed) ?? why;
    byId("box-facts").replaceChildren(...facts(tier));
    byId("box-checks").replaceChildren(...checks(state, changed));
  }

  function reasonOf(target, changed) {
    if (target?.tier === "original") return REASONS[target.reason] ?? null;
    if (!answered) return "The service has not answered, so the page was left as it is.";
    return changed || target?.tracking === undefined ? null : "The number was granted, but this page does not show it.";
  }

  function facts(tier) {
    const { words, click } = arrival();
    const rows = [["You arrived", words], ["Tier", tier]];
    if (click) rows.push(["Click id", `${click}, kept for the ad platform`]);
    if (tier !== "original" && reply?.hold_s) rows.push(["Held", `${Math.round(reply.hold_s / 60)} min after your last sign of life`]);
    return rows.map(([name, value]) => {
      const row = document.createElement("div");
      row.append(element("dt", name), element("dd", value));
      return row;
    });
  }

  function checks(state, changed) {
    if (!changed) return [];
    const lines = [
      [state.texts[0] === state.texts[1], `${state.texts[0]} of ${state.texts[1]} written numbers replaced, each in its own style`],
      [state.links[0] === state.links[1], `${state.links[0]} of ${state.links[1]} tel: links replaced`],
    ];
    for (const [node, before] of untouched) lines.push([node.textContent === before, `the ${node.dataset.demoName} is untouched`]);
    return lines.map(([good, words]) => element("li", words, good ? "good" : "bad"));
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const node of all("fixed")) untouched.set(node, node.textContent);
    // On a phone the box would cover the page; there it opens on a tap.
    byId("box").open = matchMedia("(min-width: 900px)").matches;
    setTimeout(() => answered || show(), PATIENCE_MS);
    if (answered) show();
  });
})();
