// Signing in with an API key. The key is sent once and kept nowhere on this side.

import { change } from "../api.js";
import { html, useEffect, useRef, useState } from "../view.js";
import { t } from "../words.js";

/** Asks for a key until one is known. */
export function SignIn({ onSession }) {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onSession(await change("POST", "/v1/session", { key: field.current.value.trim() }));
    } catch (error) {
      setBusy(false);
      setWrong(error.status === 401 ? t("sign_in.unknown") : error.message);
      field.current.focus();
    }
  };
  return html`
    <main class="sign-in" id="main">
      <form class="panel" onSubmit=${submit}>
        <p class="brand"><span class="mark" aria-hidden="true"></span>Ringtrace</p>
        <h1>${t("sign_in.title")}</h1>
        <p class="soft">${t("sign_in.text")}</p>
        <label class="control" for="key"><span>${t("sign_in.key")}</span></label>
        <input id="key" ref=${field} type="password" autocomplete="current-password" spellcheck="false" autocapitalize="none" required
          aria-invalid=${Boolean(wrong)} aria-describedby="key-error key-hint" />
        <p id="key-error" class="field-error" role="alert">${wrong}</p>
        <button type="submit" class="button button-main" disabled=${busy}>${t("sign_in.go")}</button>
        <p id="key-hint" class="hint">${t("sign_in.hint")}</p>
      </form>
    </main>`;
}
