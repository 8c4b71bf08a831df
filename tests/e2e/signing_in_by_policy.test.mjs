// Signing in where scripts say who is asked: an application server's people on the page and by the
// legacy address, its reason when it says no, and the local administrator when it is down.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { enter, known } from "./harness/room.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";

const PASSWORD = "purple kettle moonwalk";
const REASON = "No <b>contract</b> for you & yours";

/** An application server that knows one person. */
function adapter() {
  const server = createServer((request, response) => {
    let form = "";
    request.on("data", (piece) => (form += piece));
    request.on("end", () => {
      const fields = new URLSearchParams(form);
      const right = fields.get("email") === "eva" && fields.get("password") === PASSWORD;
      const privileges = ["InteractiveMeeting", "Chat"];
      const told = privileges.map((name) => `<__Privilege${name}__>Y</__Privilege${name}__>`);
      const person = `<__FirstName__>Eva</__FirstName__><__LastName__>Lee</__LastName__>`;
      const reason = REASON.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
      response.setHeader("Content-Type", "text/xml");
      const known = `<__Status__>SUCCEED</__Status__>${person}<__UserId__>17</__UserId__>`;
      const refused = `<__Status__>FAILED</__Status__><__Reason__>${reason}</__Reason__>`;
      const answer = right ? known + told.join("") : refused;
      response.end(`<__Return__>${answer}</__Return__>`);
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("signing in by policy", () => {
  let elsewhere;
  let folder;
  let server;
  let browser;

  before(async () => {
    elsewhere = await adapter();
    folder = await mkdtemp(join(tmpdir(), "convoke-e2e-"));
    const data = join(folder, "data");
    await mkdir(data, { recursive: true });
    const init = await run(CONVOKE, ["policy", "init", "--data", data]);
    assert.equal(init.code, 0, init.stderr + init.stdout);
    const url = `http://127.0.0.1:${elsewhere.address().port}/login`;
    const settings =
      `[policies]\nauthenticate = ["callback"]\n` +
      `[callback.main]\nurl = "${url}"\nallow_loopback = true\ndeny_cache_s = 0\n`;
    server = await Server.start("signing-in-by-policy", settings, data);
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser?.complaints, []);
    await browser?.close();
    await server?.remove();
    elsewhere?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const signIn = async (page, password) => {
    const form = page.getByRole("region", { name: "Host a meeting" });
    await form.getByLabel("E-mail").fill("eva");
    await form.getByLabel("Password", { exact: true }).fill(password);
    await form.getByRole("button", { name: "Sign in" }).click();
    return form;
  };

  test("on the page: a no in the other server's words, then a meeting of one's own", async () => {
    const page = await browser.person("eva");
    await page.goto(server.url);
    const form = await signIn(page, "wrong");
    await form.getByText(REASON, { exact: true }).waitFor();
    assert.equal(await form.locator("b").count(), 0, "it is text");
    await check(page, "policy-denied");
    await browser.shoot(page, "policy-denied");
    await signIn(page, PASSWORD);
    await page.getByRole("heading", { name: "Start a meeting" }).waitFor();
    await browser.shoot(page, "policy-signed-in");
    await page.getByRole("switch", { name: /password/i }).uncheck();
    await page.getByRole("button", { name: "Start now" }).click();
    await enter(page, "Start the meeting");
    const { people, who } = await known(page);
    const me = people.find((person) => person.id === who);
    assert.deepEqual([me.name, me.role], ["Eva Lee", "host"]);
    await browser.shoot(page, "policy-host");
    await page.context().close();
  });

  test("in Chinese too, the other server's words are shown", async () => {
    const page = await browser.person("eva-zh", { locale: "zh-CN" });
    await page.goto(server.url);
    await page.locator("[autocomplete=username]").fill("eva");
    await page.locator("[autocomplete=current-password]").fill("wrong");
    await page
      .locator("form", { has: page.locator("[autocomplete=username]") })
      .locator("[type=submit]")
      .click();
    await page.getByText(REASON, { exact: true }).waitFor();
    await browser.shoot(page, "policy-denied-zh");
    await page.context().close();
  });

  test("by the legacy address: the same person hosts, and the same words say no", async () => {
    const door = `${server.url}/as/wapi/goto_downloader?role=host&email=eva`;
    const page = await browser.person("eva-legacy");
    await page.goto(`${door}&user_password=wrong&sumbit=submit`);
    await page.getByText(REASON, { exact: true }).first().waitFor();
    assert.equal(await page.locator("main b").count(), 0, "it is text");
    await browser.shoot(page, "policy-legacy-denied");
    await page.goto(`${door}&user_password=${encodeURIComponent(PASSWORD)}&sumbit=submit`);
    await enter(page, "Start the meeting");
    const { people, who } = await known(page);
    const me = people.find((person) => person.id === who);
    assert.deepEqual([me.name, me.role], ["Eva Lee", "host"]);
    assert.ok(!page.url().includes("moonwalk"), "the password left the address bar");
    await browser.shoot(page, "policy-legacy-host");
    await page.context().close();
    const told = await server.audit("show", "site");
    assert.match(told.stdout, /Eva Lee \(account 2\) signed in by a legacy address/);
    assert.ok(!told.stdout.includes(PASSWORD));
  });
});
