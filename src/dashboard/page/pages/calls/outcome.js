// What came of a call, told by a person.

import { change } from "../../api.js";
import { html, useState } from "../../view.js";
import { has, spoken, t } from "../../words.js";

const FLAGS = ["qualified", "converted", "appointment"];

/** A disposition as people read it; sites have words of their own. */
export const dispositionName = (name) => (!name ? "" : has(`dispositions.${name}`) ? t(`dispositions.${name}`) : spoken(name));

/** What differs between the form and the call, as a merge patch: an emptied field is `null`. */
export function patchOf(form, outcome) {
  const patch = {};
  const texts = { disposition: form.disposition, value: form.value, notes: form.notes };
  for (const [name, text] of Object.entries(texts)) {
    const told = text.trim();
    if (told !== (outcome[name] ?? "")) patch[name] = told === "" ? null : told;
  }
  const tags = form.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
  if (tags.join() !== (outcome.tags ?? []).join()) patch.tags = tags.length > 0 ? tags : null;
  for (const name of FLAGS) {
    const told = form[name] === "" ? null : form[name] === "true";
    if (told !== (outcome[name] ?? null)) patch[name] = told;
  }
  return patch;
}

const formOf = (outcome) => ({
  disposition: outcome.disposition ?? "", value: outcome.value ?? "", tags: (outcome.tags ?? []).join(", "), notes: outcome.notes ?? "",
  ...Object.fromEntries(FLAGS.map((name) => [name, outcome[name] === undefined ? "" : String(outcome[name])])),
});

/** The form; `onSaved` is called when the service took it. */
export function OutcomeForm({ call, onSaved }) {
  const outcome = call.outcome ?? {};
  const [form, setForm] = useState(() => formOf(outcome));
  const [said, setSaid] = useState({ kind: "", text: "" });
  const put = (name) => (event) => setForm({ ...form, [name]: event.currentTarget.value });
  const submit = async (event) => {
    event.preventDefault();
    const patch = patchOf(form, outcome);
    if (Object.keys(patch).length === 0) { setSaid({ kind: "soft", text: t("outcome.unchanged") }); return; }
    try {
      await change("PATCH", `/v1/calls/${call.id}?site=${encodeURIComponent(call.site)}`, patch);
      setSaid({ kind: "good-text", text: t("outcome.saved") });
      onSaved();
    } catch (error) {
      setSaid({ kind: "field-error", text: error.message });
    }
  };
  const text = (name, more = {}) => html`
    <label class="control"><span>${t(`outcome.${name}`)}</span><input name=${name} value=${form[name]} onInput=${put(name)} ...${more} /></label>`;
  return html`
    <form class="outcome" onSubmit=${submit}>
      ${text("disposition", { maxlength: 64, list: "dispositions" })}
      <datalist id="dispositions">${["booked", "quoted", "callback", "not_interested", "wrong_number"].map((name) => html`<option value=${name}>${t(`dispositions.${name}`)}</option>`)}</datalist>
      ${text("value", { inputmode: "decimal", pattern: "[0-9]+([.][0-9]{1,2})?", placeholder: "149.90" })}
      ${text("tags", { placeholder: t("outcome.tags_hint") })}
      ${FLAGS.map((name) => html`
        <label class="control"><span>${t(`outcome.${name}`)}</span>
          <select name=${name} value=${form[name]} onChange=${put(name)}><option value="">${t("outcome.unknown")}</option><option value="true">${t("values.yes")}</option><option value="false">${t("values.no")}</option></select></label>`)}
      <label class="control whole"><span>${t("outcome.notes")}</span><textarea name="notes" rows="3" maxlength="4000" value=${form.notes} onInput=${put("notes")}></textarea></label>
      <div class="whole form-end"><button type="submit" class="button button-main">${t("outcome.save")}</button><span role="status" class=${said.kind}>${said.text}</span></div>
    </form>`;
}
