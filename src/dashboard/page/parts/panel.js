// A panel: a title, what it says in a sentence, tools, and a body that is loading, empty, wrong or there.

import { html, useId } from "../view.js";
import { t } from "../words.js";

/**
 * `load`: what `useLoad` answers, or several of them. `isEmpty(data)`: whether there is nothing to draw. `children(data…)` draws
 * what was loaded.
 */
export function Panel({ title, summary, tools, load, isEmpty, empty, children, wide, name }) {
  const id = useId();
  const loads = load === undefined ? [] : Array.isArray(load) ? load : [load];
  const busy = loads.some((one) => one.loading);
  return html`
    <section class=${wide ? "panel wide" : "panel"} aria-labelledby=${id} aria-busy=${busy} data-panel=${name}>
      <div class="panel-head">
        <div><h2 id=${id}>${title}</h2>${summary && html`<p class="summary">${summary}</p>`}</div>
        ${tools && html`<div class="panel-tools">${tools}</div>`}
      </div>
      <div class="panel-body"><${Body} ...${{ loads, isEmpty, empty, children }} /></div>
    </section>`;
}

function Body({ loads, isEmpty, empty, children }) {
  const wrong = loads.find((one) => one.error);
  if (wrong) {
    return html`<div class="state" role="alert"><p>${wrong.error.message}</p>
      <button type="button" class="button" onClick=${wrong.again}>${t("errors.again")}</button></div>`;
  }
  if (loads.some((one) => !one.data)) return html`<div class="skeleton" role="status"><span class="unseen">${t("states.loading")}</span></div>`;
  const data = loads.map((one) => one.data);
  if (isEmpty?.(...data)) return html`<p class="state">${empty ?? t("states.empty")}</p>`;
  return typeof children === "function" ? children(...data) : children;
}

/** A choice of a few, of which one is on. `choices`: `[value, words]`. */
export const Switch = ({ label, value, choices, onChange }) => html`
  <div class="switch" role="group" aria-label=${label}>
    ${choices.map(([one, words]) => html`
      <button type="button" aria-pressed=${String(one === value)} onClick=${() => onChange(one)}>${words}</button>`)}
  </div>`;
