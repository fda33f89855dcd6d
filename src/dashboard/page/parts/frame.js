// The frame around every page: navigation, what is shown, and the page itself.

import { useApp } from "../app.js";
import { pagesFor } from "../pages.js";
import { changed, withQuery } from "../router.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { Controls } from "./controls.js";
import { Icon } from "./icons.js";

// What goes along from page to page.
const KEPT = ["site", "period", "from", "to", "compare", "filter"];

/** The page with everything around it. */
export function Frame({ page }) {
  const { session, address, signOut, isDemo } = useApp();
  const [open, setOpen] = useState(false);
  const kept = new URLSearchParams([...address.params].filter(([name]) => KEPT.includes(name)));
  const link = (one) => html`
    <li key=${one.name}>
      <a class="nav-link" href=${withQuery(one.path, one.asks ? kept : changed(new URLSearchParams(), { site: kept.get("site") }))}
        aria-current=${one.name === page?.name ? "page" : undefined} onClick=${() => setOpen(false)}>
        <${Icon} name=${one.name} />${t(`nav.${one.name}`)}
      </a>
    </li>`;
  return html`
    <a class="skip" href="#main">${t("nav.skip")}</a>
    <div class="frame">
      <header class="side">
        <p class="brand"><span class="mark" aria-hidden="true"></span>Ringtrace</p>
        <button type="button" class="icon-button nav-open" aria-expanded=${open} aria-controls="nav" onClick=${() => setOpen(!open)}>
          <${Icon} name=${open ? "close" : "menu"} /><span class="unseen">${t("nav.menu")}</span>
        </button>
        <nav id="nav" class=${open ? "nav is-open" : "nav"} aria-label=${t("nav.label")}>
          <ul>${pagesFor(session.scope).map(link)}</ul>
          <div class="side-end">
            <a class="nav-link quiet" href="/docs/">${t("nav.api")}</a>
            <p class="who"><span>${session.name}</span><span class="role">${t(`scopes.${session.scope}`)}</span></p>
            ${!isDemo && html`<button type="button" class="nav-link quiet" onClick=${signOut}><${Icon} name="out" />${t("nav.sign_out")}</button>`}
          </div>
        </nav>
      </header>
      <main id="main" tabindex="-1">
        ${isDemo && html`<p class="note"><strong>${t("demo.title")}</strong> ${t("demo.text")} <a href="/demo">${t("demo.link")}</a></p>`}
        ${page ? html`
          <div class="page-head">
            <h1>${t(`nav.${page.name}`)}</h1>
            <${Controls} asks=${page.asks} />
          </div>
          <${page.view} key=${page.name + (page.call ?? "")} call=${page.call} />` : html`
          <div class="panel"><h1>${t("errors.no_page")}</h1><p class="soft">${t("errors.no_page_text")}</p></div>`}
      </main>
    </div>`;
}
