// A small line that shows how a figure went.

import { html } from "../view.js";

/** `values` from left to right; what is not known leaves a gap. */
export function Spark({ values }) {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length < 2) return html`<svg class="spark" viewBox="0 0 100 28" aria-hidden="true"></svg>`;
  const [low, high] = [Math.min(0, ...known), Math.max(...known)];
  const x = (n) => ((n / (values.length - 1)) * 100).toFixed(2);
  const y = (value) => (26 - ((value - low) / (high - low || 1)) * 24).toFixed(2);
  let path = "";
  let broken = true;
  values.forEach((value, n) => {
    if (!Number.isFinite(value)) { broken = true; return; }
    path += `${broken ? "M" : "L"}${x(n)} ${y(value)}`;
    broken = false;
  });
  return html`<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true"><path d=${path} vector-effect="non-scaling-stroke" /></svg>`;
}
