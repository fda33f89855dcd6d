import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const template = readFileSync(new URL("../../integrations/google-tag-manager.tpl", import.meta.url), "utf8");
const section = (name: string) => template.split(`___${name}___`)[1]!.split(/\n___[A-Z_]+___\n/)[0]!;

it("the Google Tag Manager template has all its parts, and each can be read", () => {
  assert.equal(JSON.parse(section("INFO")).type, "TAG");
  const parameters: { name: string }[] = JSON.parse(section("TEMPLATE_PARAMETERS"));
  const code = section("SANDBOXED_JS_FOR_WEB_TEMPLATE");
  for (const { name } of parameters) assert.ok(code.includes(`data.${name}`), name);
  const permissions = JSON.stringify(JSON.parse(section("WEB_PERMISSIONS")));
  for (const permission of ["access_globals", "inject_script", "ringtrace.q"]) assert.ok(permissions.includes(permission), permission);
});

it("the template's code asks for the script with the site's key", () => {
  const injected: string[] = [];
  const queues: string[] = [];
  const apis: Record<string, unknown> = {
    createArgumentsQueue: (name: string, queue: string) => queues.push(name, queue),
    encodeUriComponent: encodeURIComponent,
    injectScript: (address: string) => injected.push(address),
  };
  const run = new Function("require", "data", section("SANDBOXED_JS_FOR_WEB_TEMPLATE"));
  run((name: string) => apis[name], { endpoint: "https://calls.example.com/", key: "pk_demo", consent: "auto" });
  run((name: string) => apis[name], { endpoint: "https://calls.example.com", key: "pk_demo", consent: "" });
  assert.deepEqual(injected, ["https://calls.example.com/rt.js?key=pk_demo&consent=auto", "https://calls.example.com/rt.js?key=pk_demo"]);
  assert.deepEqual(queues.slice(0, 2), ["ringtrace", "ringtrace.q"]);
});

const PLUGIN = fileURLToPath(new URL("../../integrations/wordpress/ringtrace.php", import.meta.url));
const WORDPRESS = fileURLToPath(new URL("wordpress.php", import.meta.url));

/** What the WordPress plugin makes of `saved`, the option as it lies in the database. */
const plugin = (saved: unknown) => JSON.parse(execFileSync("php", ["-d", "display_errors=stderr", WORDPRESS, PLUGIN, JSON.stringify(saved)], { encoding: "utf8" }));

it("the WordPress plugin is good PHP, and shows nothing when it is called by itself", () => {
  assert.match(execFileSync("php", ["-l", PLUGIN], { encoding: "utf8" }), /No syntax errors/);
  assert.equal(execFileSync("php", [PLUGIN], { encoding: "utf8" }), "");
});

it("the WordPress plugin loads the script with the site's key and consent", () => {
  const made = plugin({ endpoint: "https://calls.example.com/", key: "pk_demo", consent: "auto" });
  const [script, ...more] = made.scripts;
  assert.deepEqual(script, { handle: "ringtrace", address: "https://calls.example.com/rt.js", version: null, options: { strategy: "async" } });
  assert.equal(more.length, 0);
  assert.ok(made.tag.startsWith(`<script data-key="pk_demo" data-consent="auto" src=`), made.tag);
  assert.ok(made.other, "other scripts' tags stay");
  assert.ok(!plugin({ endpoint: "https://calls.example.com", key: "pk_demo", consent: "" }).tag.includes("data-consent"));
});

it("the WordPress plugin loads nothing until it is set up, and takes nothing that it does not know", () => {
  for (const saved of [
    [],
    "text",
    { endpoint: "https://calls.example.com" },
    { endpoint: "http://calls.example.com", key: "pk_demo" },
    { endpoint: "javascript:alert(1)//", key: "pk_demo" },
    { endpoint: "https://calls.example.com/path?x", key: "pk_demo" },
    { endpoint: "https://calls.example.com", key: `pk_"><script>alert(1)</script>` },
  ]) {
    assert.deepEqual(plugin(saved).scripts, [], JSON.stringify(saved));
  }
  const hostile = { endpoint: `https://x.example"onload="alert(1)`, key: `pk_demo" onload="alert(1)`, consent: `"><b>` };
  const { saved, tag, page } = plugin(hostile);
  assert.deepEqual([saved.key, saved.consent], ["", "auto"]);
  assert.ok(!/onload|<b>/.test(tag + page[1]), tag);
});

it("the WordPress plugin's settings are for administrators, and shown as they are saved", () => {
  const [capability, page] = plugin({ endpoint: "https://calls.example.com", key: "pk_demo", consent: "denied" }).page;
  assert.equal(capability, "manage_options");
  assert.match(page, /name="ringtrace\[endpoint\]"[^>]* value="https:\/\/calls\.example\.com"/);
  assert.match(page, /name="ringtrace\[key\]"[^>]* value="pk_demo"/);
  assert.deepEqual(page.match(/value="\w*" selected/g), [`value="denied" selected`]);
});
