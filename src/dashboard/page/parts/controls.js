// What every panel obeys: site, period, comparison, filters. All of it stands in the address.

import { useApp } from "../app.js";
import { COMPARISONS, PERIODS, USUAL_PERIOD } from "../question.js";
import { show } from "../router.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { Filters } from "./filters.js";
import { Icon } from "./icons.js";

/** The controls; those of period and filters only where a page `asks`. */
export function Controls({ asks }) {
  const { state, sites, again } = useApp();
  const [custom, setCustom] = useState(Boolean(state.from));
  const pick = (value) => {
    setCustom(value === "custom");
    if (value !== "custom") show({ period: value === USUAL_PERIOD ? "" : value, from: "", to: "" });
  };
  const day = (name) => (event) => {
    const days = { from: state.from ?? "", to: state.to ?? "", [name]: event.currentTarget.value };
    if (days.from && !days.to) days.to = days.from;
    if (days.to && !days.from) days.from = days.to;
    if (days.from > days.to) days[name === "from" ? "to" : "from"] = days[name];
    show({ ...days, period: "" });
  };
  return html`
    <div class="controls" role="group" aria-label=${t("controls.label")}>
      ${sites.length > 1 && html`
        <label class="control"><span>${t("controls.site")}</span>
          <select value=${state.site} onChange=${(event) => show({ site: event.currentTarget.value, filter: [] })}>
            <option value="">${t("controls.all_sites")}</option>
            ${sites.map((site) => html`<option value=${site.id}>${site.name}</option>`)}
          </select>
        </label>`}
      ${asks && html`
        <label class="control"><span>${t("controls.period")}</span>
          <select id="period" value=${custom ? "custom" : state.period ?? USUAL_PERIOD} onChange=${(event) => pick(event.currentTarget.value)}>
            ${PERIODS.map((name) => html`<option value=${name}>${t(`periods.${name}`)}</option>`)}
            <option value="custom">${t("periods.custom")}</option>
          </select>
        </label>
        ${custom && html`
          <label class="control"><span>${t("controls.from")}</span><input type="date" value=${state.from ?? ""} onChange=${day("from")} /></label>
          <label class="control"><span>${t("controls.to")}</span><input type="date" value=${state.to ?? ""} onChange=${day("to")} /></label>`}
        <label class="control"><span>${t("controls.compare")}</span>
          <select id="compare" value=${state.compare} onChange=${(event) => show({ compare: event.currentTarget.value === COMPARISONS[0] ? "" : event.currentTarget.value })}>
            ${COMPARISONS.map((name) => html`<option value=${name}>${t(`comparisons.${name}`)}</option>`)}
          </select>
        </label>`}
      <button type="button" class="icon-button framed" onClick=${again} title=${t("controls.refresh")}>
        <${Icon} name="refresh" /><span class="unseen">${t("controls.refresh")}</span>
      </button>
    </div>
    ${asks && html`<${Filters} filters=${state.filters} onChange=${(filters) => show({ filter: filters })} label=${t("filters.label")} />`}`;
}
