// The dashboard: who is signed in, then the page that the address names. This file only wires.

import { change, get } from "./api.js";
import { Shared } from "./app.js";
import { Frame } from "./parts/frame.js";
import { startTips } from "./parts/tip.js";
import { PAGES, pageOf } from "./pages.js";
import { SignIn } from "./pages/sign_in.js";
import { catchLinks, useAddress } from "./router.js";
import { html, render, useCallback, useEffect, useMemo, useState } from "./view.js";
import { language, t } from "./words.js";

const demoKey = document.querySelector('meta[name="ringtrace-demo-key"]')?.content;

function App({ first }) {
  const [session, setSession] = useState(first);
  const [refresh, setRefresh] = useState(0);
  const address = useAddress();
  const again = useCallback(() => setRefresh((n) => n + 1), []);
  const signOut = useCallback(async () => {
    await change("DELETE", "/v1/session").catch(() => null);
    setSession(null);
  }, []);
  const shared = useMemo(() => ({ session, address, refresh, again, signOut, isDemo: Boolean(demoKey) }), [session, address, refresh]);
  const page = pageOf(address.path, session?.scope);
  useEffect(() => {
    document.title = session && page ? `${t(`nav.${page.name}`)} · Ringtrace` : "Ringtrace";
  }, [session, page]);
  if (!session) return html`<${SignIn} onSession=${setSession} />`;
  return html`<${Shared.Provider} value=${shared}><${Frame} page=${page} /><//>`;
}

/** Who is signed in; in the demo everybody is. */
const sessionNow = () => (demoKey ? change("POST", "/v1/session", { key: demoKey }) : get("/v1/session")).catch(() => null);

document.documentElement.lang = language;
catchLinks(PAGES.map((page) => page.path));
startTips();
const root = document.getElementById("app");
const first = await sessionNow();
root.replaceChildren();
render(html`<${App} first=${first} />`, root);
