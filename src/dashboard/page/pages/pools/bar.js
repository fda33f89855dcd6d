// What the numbers of a pool are doing, as one bar.

import { count, percent } from "../../format.js";
import { html } from "../../view.js";
import { t } from "../../words.js";

const PARTS = ["held", "resting", "free"];

/** Held, resting and free numbers of a pool, with a key. */
export const PoolBar = ({ pool }) => html`
  <div class="pool-bar" role="img" aria-label=${PARTS.map((part) => `${count(pool[part])} ${t(`pools.${part}`)}`).join(", ")}>
    ${PARTS.map((part) => pool[part] > 0 && html`<span class=${`pool-${part}`} style=${{ flexGrow: pool[part] }}></span>`)}
  </div>
  <p class="pool-key" aria-hidden="true">${PARTS.map((part) => html`<span><span class=${`dot pool-${part}`}></span>${count(pool[part])} ${t(`pools.${part}`)}</span>`)}
    ${pool.shared > 0 && html`<span>${count(pool.shared)} ${t("pools.shared")}</span>`}</p>`;

/** How many visitors had to do without a number of their own. */
export function overflowInWords(pool) {
  if (pool.overflow === null || pool.overflow === undefined) return t("pools.nobody_asked");
  return t("pools.overflow", { share: percent(pool.overflow), target: percent(pool.overflow_target) });
}
