// Choosing metrics and dimensions: chips in their order, and a list of what else there is.

import { dimensionName } from "../../parts/filters.js";
import { Icon } from "../../parts/icons.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "./names.js";

/** Chips of `chosen` and a select that adds one of `known` (`{ name, about }`). */
export function Picker({ label, chosen, known, nameOf, onChange, least = 0, most }) {
  const left = known.filter(({ name }) => !chosen.includes(name));
  return html`
    <div class="picker" role="group" aria-label=${label}>
      <span class="picker-label">${label}</span>
      ${chosen.map((name) => html`
        <span class="chip" key=${name} data-tip=${known.find((one) => one.name === name)?.about}>${nameOf(name)}
          ${chosen.length > least && html`<button type="button" class="chip-close" onClick=${() => onChange(chosen.filter((one) => one !== name))}>
            <${Icon} name="close" /><span class="unseen">${t("explore.remove", { name: nameOf(name) })}</span></button>`}
        </span>`)}
      ${chosen.length < most && html`
        <select class="chip chip-select" aria-label=${t("explore.add", { what: label })} value="" onChange=${(event) => { onChange([...chosen, event.currentTarget.value]); event.currentTarget.value = ""; }}>
          <option value="">+ ${t("explore.more")}</option>
          ${left.map(({ name, about }) => html`<option value=${name} title=${about}>${nameOf(name)}</option>`)}
        </select>`}
    </div>`;
}

export const MetricPicker = (props) => html`<${Picker} ...${props} label=${t("explore.metrics")} nameOf=${metricName} least=${1} most=${12} />`;
export const DimensionPicker = (props) => html`<${Picker} ...${props} label=${t("explore.dimensions")} nameOf=${dimensionName} most=${4} />`;

/** A select with a label; an empty value is the usual. */
export const Choice = ({ label, value, choices, usual, onChange, id }) => html`
  <label class="control"><span>${label}</span>
    <select id=${id} value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>
      ${usual !== undefined && html`<option value="">${usual}</option>`}
      ${choices.map(([one, words]) => html`<option value=${String(one)}>${words}</option>`)}
    </select>
  </label>`;
