// A box that explains an address: what a visit that begins there would be taken for, and why.

import { change } from "../../api.js";
import { Panel } from "../../parts/panel.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

const EXAMPLE = "https://www.example.com/?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=abc";
const PARTS = ["source", "medium", "campaign", "channel", "referrer", "landing_page", "machine", "bot"];

/** What `part` was decided to be, as text. */
export function decided(answer, part) {
  if (part === "referrer") return answer.referrer.name || answer.referrer.host || "–";
  if (part === "landing_page") return `${answer.landing_host}${answer.landing_page}`;
  if (part === "machine") return Object.values(answer.machine ?? {}).filter((value) => typeof value === "string" && value).join(" · ");
  if (part === "bot") return answer.bot ? answer.bot.kind : t("values.no");
  return answer[part] || "–";
}

/** The box for a site, with its own rules. */
export function Classify({ site }) {
  const [form, setForm] = useState({ url: EXAMPLE, referrer: "", user_agent: "" });
  const [answer, setAnswer] = useState(null);
  const [wrong, setWrong] = useState("");
  const put = (name) => (event) => setForm({ ...form, [name]: event.currentTarget.value });
  const submit = async (event) => {
    event.preventDefault();
    setWrong("");
    const body = { url: form.url, referrer: form.referrer, ...(form.user_agent && { user_agent: form.user_agent }) };
    await change("POST", `/v1/sites/${site.id}/classify`, body).then(setAnswer, (error) => setWrong(error.message));
  };
  const rows = answer ? PARTS.filter((part) => answer.why[part] !== undefined && answer.why[part] !== null) : [];
  return html`
    <${Panel} wide name="classify" title=${t("setup.classify")} summary=${t("setup.classify_text")}>
      <form class="classify" onSubmit=${submit}>
        <label class="control grows"><span>${t("setup.url")}</span><input name="url" value=${form.url} onInput=${put("url")} required maxlength="4096" spellcheck="false" /></label>
        <label class="control"><span>${t("setup.referrer")}</span><input name="referrer" value=${form.referrer} onInput=${put("referrer")} maxlength="4096" spellcheck="false" /></label>
        <label class="control"><span>${t("setup.user_agent")}</span><input name="user_agent" value=${form.user_agent} onInput=${put("user_agent")} maxlength="4096" spellcheck="false" /></label>
        <button type="submit" class="button button-main">${t("setup.explain")}</button>
      </form>
      <p class="field-error" role="alert">${wrong}</p>
      ${answer && html`<dl class="explained" id="explained">${rows.map((part) => html`
        <div><dt>${t(`classify.${part}`)}</dt><dd><strong>${decided(answer, part)}</strong><span class="sub-text">${answer.why[part]}</span></dd></div>`)}</dl>`}
    <//>`;
}
