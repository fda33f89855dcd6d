import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";

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
