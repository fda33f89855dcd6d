// Any question: metrics by dimensions, as a table or a chart, with files of exactly what is shown.

import { useApp, useLoad } from "../app.js";
import { count } from "../format.js";
import { Filters, dimensionName } from "../parts/filters.js";
import { Panel, Switch } from "../parts/panel.js";
import { Copy, save } from "../parts/save.js";
import { pngOf } from "../parts/svg_chart.js";
import { show } from "../router.js";
import { periodInWords } from "../time.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { Analyser } from "./explore/analyser.js";
import { AnswerChart, AnswerTable, drawing, svgOf } from "./explore/answer.js";
import { metricName } from "./explore/names.js";
import { Choice, DimensionPicker, MetricPicker } from "./explore/pickers.js";
import { CLOCKS, GRAINS, INDUSTRIES, LIMITS, MODELS, asCurl, explored, exploredAddress, fileAddress, usualLimit } from "./explore/state.js";

const named = (list, group) => list.map((one) => [one, t(`${group}.${one}`)]);

/** The page. */
export function Explore() {
  const { state, address } = useApp();
  const wanted = explored(address.params);
  const question = exploredAddress(state, wanted);
  const load = useLoad(question);
  const catalogue = useLoad("/v1/reports/catalogue");
  const { metrics = [], dimensions = [] } = catalogue.data ?? {};
  const orders = [...wanted.metrics.map((name) => [`-${name}`, `${metricName(name)} ↓`]), ...wanted.metrics.map((name) => [name, `${metricName(name)} ↑`]), ...wanted.dimensions.map((name) => [name, dimensionName(name)])];
  const unit = metrics.find(({ name }) => name === wanted.metrics[0])?.unit;
  return html`
    <div class="panels">
      <section class="panel wide question" aria-label=${t("explore.question")}>
        <${MetricPicker} chosen=${wanted.metrics} known=${metrics} onChange=${(list) => show({ metrics: list.join(","), order: "" })} />
        <${DimensionPicker} chosen=${wanted.dimensions} known=${dimensions} onChange=${(list) => show({ dims: list.length > 0 ? list.join(",") : ",", order: "" })} />
        <div class="picker"><span class="picker-label">${t("explore.segment")}</span>
          <${Filters} filters=${wanted.segment} label=${t("explore.segment")} onChange=${(segment) => show({ segment })} /></div>
        <div class="choices">
          <${Choice} id="grain" label=${t("explore.grain")} value=${wanted.grain} usual=${t("explore.no_grain")} choices=${named(GRAINS, "grains")} onChange=${(grain) => show({ grain })} />
          <${Choice} id="model" label=${t("explore.model")} value=${wanted.model} usual=${t("models.own")} choices=${named(MODELS, "models")} onChange=${(model) => show({ model })} />
          <${Choice} id="clock" label=${t("explore.clock")} value=${wanted.clock || "call"} choices=${named(CLOCKS, "clocks")} onChange=${(clock) => show({ clock: clock === "call" ? "" : clock })} />
          <${Choice} id="benchmark" label=${t("explore.benchmark")} value=${wanted.benchmark} usual=${t("explore.no_benchmark")} choices=${named(INDUSTRIES, "industries")} onChange=${(benchmark) => show({ benchmark })} />
          <${Choice} id="order" label=${t("explore.order")} value=${wanted.order} usual=${t("explore.usual_order")} choices=${orders} onChange=${(order) => show({ order })} />
          <${Choice} id="limit" label=${t("explore.limit")} value=${String(wanted.limit)} choices=${LIMITS.map((n) => [n, count(n)])} onChange=${(limit) => show({ limit: Number(limit) === usualLimit(wanted.grain) ? "" : limit })} />
        </div>
      </section>
      <${Panel} wide name="answer" title=${t("explore.answer")} load=${load} summary=${load.data && said(load.data)} isEmpty=${(answer) => answer.rows.length === 0}
        tools=${html`<${Switch} label=${t("explore.view")} value=${wanted.view} choices=${[["table", t("explore.table")], ["chart", t("explore.chart")]]} onChange=${(view) => show({ view: view === "table" ? "" : view })} />
          <${Files} question=${question} answer=${load.data} />`}>
        ${(answer) => html`
          ${(answer.left_out ?? []).map((one) => html`<p class="note small">${metricName(one.metric)}: ${one.because}</p>`)}
          ${wanted.view === "chart" ? html`<${AnswerChart} answer=${answer} />` : html`<${AnswerTable} answer=${answer} filters=${state.filters} order=${wanted.order} />`}
          <details class="curl"><summary>${t("explore.curl")}</summary>
            <pre tabindex="0">${asCurl(location.origin, question)}</pre><${Copy} text=${asCurl(location.origin, question)}>${t("actions.copy")}<//>
          </details>`}
      <//>
      ${state.filters.length > 0 && unit && html`<${Analyser} address=${question} metric=${wanted.metrics[0]} unit=${unit} />`}
    </div>`;
}

function said(answer) {
  const rows = t("explore.rows", { shown: count(answer.rows.length), all: count(answer.rows_total) });
  const { from, to, compared_with: other } = answer;
  const against = other ? ` · ${t("explore.against", { what: other.filter ?? periodInWords(other.from, other.to) })}` : "";
  return `${periodInWords(from, to)} · ${rows}${against}`;
}

/** Files of exactly what is shown, and a link to it. */
function Files({ question, answer }) {
  const svg = () => svgOf(drawing(answer));
  return html`
    <div class="files" role="group" aria-label=${t("explore.files")}>
      <a class="button" href=${fileAddress(question, "csv")} download="ringtrace.csv">CSV</a>
      <a class="button" href=${fileAddress(question, "parquet")} download="ringtrace.parquet">Parquet</a>
      <button type="button" class="button" disabled=${!answer} onClick=${() => save("ringtrace.svg", svg(), "image/svg+xml")}>SVG</button>
      <button type="button" class="button" disabled=${!answer} onClick=${async () => save("ringtrace.png", await pngOf(svg()))}>PNG</button>
      <${Copy} text=${location.href}>${t("explore.share")}<//>
    </div>`;
}
