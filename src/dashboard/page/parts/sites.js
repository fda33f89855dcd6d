// Several sites on a page that is about one: each with what matters of it, to pick one.

import { useApp } from "../app.js";
import { show } from "../router.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { Panel } from "./panel.js";
import { Table } from "./table.js";

/** Sites whose figures are asked for at once; the picker has all of them. */
export const MOST_SITES = 24;

/** The sites that are shown when none is picked. */
export const useSeveral = () => {
  const { site, sites } = useApp();
  return site ? [] : sites.slice(0, MOST_SITES);
};

/**
 * A table of the sites: `load` answers with one answer for each of `sites`, `columns` (`{ key, title, number, of(answer, site) }`) say
 * what is told of it.
 */
export function SitesTable({ sites, all, load, columns, title, summary }) {
  const rows = () => sites.map((site, n) => ({ site, answer: load.data[n] }));
  const name = { key: "site", title: t("controls.site"), value: (row) => row.site.name, cell: (row) => html`<button type="button" class="name" onClick=${() => show({ site: row.site.id })}>${row.site.name}</button><span class="sub-text">${row.site.time_zone}</span>` };
  const column = ({ of, ...rest }) => ({ ...rest, cell: (row) => of(row.answer, row.site), value: undefined });
  return html`
    <${Panel} wide name="sites" title=${title} summary=${summary} load=${load}>
      ${() => html`<${Table} caption=${title} columns=${[name, ...columns.map(column)]} rows=${rows()} rowKey=${(row) => row.site.id} first=${MOST_SITES} />
        ${all > sites.length && html`<p class="soft small">${t("sites.more", { n: all - sites.length })}</p>`}`}
    <//>`;
}
