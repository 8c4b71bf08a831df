// Nearly four hundred payloads in the fields that people fill and pages show: on the console, the
// page of an account, at the door, and on the page that everybody may read. Names and chat in a
// meeting are in markup.test.mjs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Admin } from "./harness/admin.mjs";
import { Browser } from "./harness/browser.mjs";
import { PAYLOADS, planted } from "./harness/payloads.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

/** As many of most fields. */
const EACH = 32;

const SETTINGS = `
[join]
per_minute = 1000
burst = 1000
[sign_in]
failures_per_minute = 10000
failures_burst = 10000
[webhooks]
allow_loopback = true
`;

describe("markup is text on the console too", () => {
  let server;
  let browser;
  let admin;
  let page;
  let used = 0;
  const fields = new Set();
  const seen = [];

  before(async () => {
    assert.equal(new Set(PAYLOADS).size, 400);
    server = await Server.start("markup-console", SETTINGS);
    admin = await Admin.of(server);
    browser = await Browser.launch();
    page = await watched("admin");
    await page.goto(server.url);
    const [name, value] = admin.cookie.split("=");
    await page.context().addCookies([{ name, value, url: server.url }]);
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  /** A page that tells of every dialog, foreign request and complaint about the policy. */
  async function watched(name) {
    const page = await browser.person(name);
    page.on("dialog", (dialog) => {
      seen.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { hostname, pathname } = new URL(request.url());
      if (hostname !== "localhost" || pathname.endsWith("/x")) seen.push(request.url());
    });
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.warn(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    return page;
  }

  /** The next payloads, for a field that has had none. */
  function payloads(field, count = EACH) {
    assert.ok(!fields.has(field), field);
    fields.add(field);
    used += count;
    return Array.from({ length: count }, (_, n) => PAYLOADS[(used - count + n) % PAYLOADS.length]);
  }

  /** Waits until a page, or one after it, shows each of these as letters, and nothing more. */
  async function shows(page, texts) {
    let missing = texts.map((text) => text.replace(/\s+/g, " "));
    const next = page.getByRole("button", { name: /^(Next page|Older facts)$/ }).first();
    let last = "";
    await until("every payload is shown", async () => {
      const shown = (await page.locator("body").innerText()).replace(/\s+/g, " ");
      missing = missing.filter((text) => !shown.includes(text));
      assert.deepEqual(await planted(page), []);
      // Once for what each page shows: the next one may take a moment to come.
      const more = missing.length > 0 && shown !== last && (await next.count()) > 0;
      last = shown;
      if (more && (await next.isEnabled())) await next.click();
      return missing.length === 0;
    }).catch((error) => assert.fail(`${error.message}: ${JSON.stringify(missing.slice(0, 3))}`));
  }

  const goto = (path) => page.goto(`${server.url}${path}`);

  test("accounts, groups and the reasons for what was done to them", async () => {
    const names = payloads("name of an account");
    const addresses = payloads("address of an account").map(
      (text) => `${text.replace(/[\s@]/g, "/")}@example.com`,
    );
    const ids = [];
    for (const [n, name] of names.entries()) {
      const account = { email: `person-${n}@example.com`, name };
      ids.push((await admin.ok("POST", "/api/v1/admin/accounts", account)).id);
      await admin.ok("POST", "/api/v1/admin/accounts", { email: addresses[n], name: `P${n}` });
    }
    const groups = payloads("name of a group");
    for (const name of groups) await admin.ok("POST", "/api/v1/admin/groups", { name });
    const reasons = payloads("reason");
    for (const [n, reason] of reasons.entries()) {
      await admin.ok("POST", `/api/v1/admin/accounts/${ids[n]}/disable`, { reason });
    }
    await goto("/console/accounts");
    await shows(page, [...names, ...addresses.map((address) => address.toLowerCase())]);
    await goto("/console/groups");
    await shows(page, groups);
    await goto("/console/audit");
    await shows(page, reasons);
  });

  test("meetings, and why they were called off", async () => {
    const topics = payloads("topic");
    const passwords = payloads("password of a meeting");
    const reasons = payloads("reason of a cancellation");
    const ids = [];
    for (const [n, topic] of topics.entries()) {
      const when = { start: "2031-03-25T10:00", minutes: 45, zone: "Europe/Berlin" };
      const wish = { type: 0, topic, password: passwords[n].slice(0, 40), when };
      ids.push((await admin.ok("POST", "/api/v1/meetings", wish)).id);
    }
    await goto("/console/meetings");
    await page.getByLabel("Which meetings").selectOption("scheduled");
    await shows(page, topics);
    await goto("/");
    await shows(page, topics.slice(-1));
    for (const [n, reason] of reasons.entries()) {
      await admin.ok("POST", `/api/v1/admin/meetings/${ids[n]}/cancel`, { reason });
    }
    await goto("/console/audit");
    await shows(page, reasons);
  });

  test("keys, webhooks and sign-ins", async () => {
    const keys = payloads("name of a key");
    for (const name of keys) {
      await admin.ok("POST", "/api/v1/keys", { name, scopes: ["meetings:read"] });
    }
    const words = payloads("description of a webhook", 8);
    const addresses = payloads("address of a webhook", 8);
    for (const [n, description] of words.entries()) {
      const url = `https://127.0.0.1/${encodeURIComponent(addresses[n])}`;
      await admin.ok("POST", "/api/v1/webhooks", { url, description });
    }
    const tried = payloads("address at the sign-in");
    for (const email of tried) {
      const account = { email: `${email}@x`, password: "wrong wrong wrong" };
      const origin = { Origin: admin.origin };
      const answer = await server.call("POST", "/api/v1/sign-in", account, origin);
      assert.ok(answer.status < 500, `${answer.status} ${email}`);
    }
    const agents = payloads("name of a browser").filter((agent) => /^[ -~]*$/.test(agent));
    for (const agent of agents) {
      const account = { email: admin.email, password: admin.password };
      const headers = { Origin: admin.origin, "User-Agent": agent };
      const signed = await server.call("POST", "/api/v1/sign-in", account, headers);
      assert.equal(signed.status, 200, signed.text);
    }
    await goto("/console/keys");
    await shows(page, keys);
    await goto("/console/webhooks");
    await shows(page, words);
    await goto("/account");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.deepEqual(await planted(page), []);
    // Who tried to sign in, as what.
    await goto("/console/audit");
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.deepEqual(await planted(page), []);
  });

  test("how the server presents itself", async () => {
    const names = payloads("name of the server", 4);
    const welcomes = payloads("welcome", 4);
    const titles = payloads("title of the public page", 4);
    for (const [n, name] of names.entries()) {
      const branding = { name, welcome: welcomes[n], colour: "#112233" };
      const publishing = { off: false, title: titles[n], frame_ancestors: [] };
      for (const part of [{ branding }, { publishing }]) {
        await admin.ok("POST", "/api/v1/admin/settings", { part, reason: "tested" });
      }
      await goto("/console/server");
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.deepEqual(await planted(page), []);
      const visitor = await watched("visitor");
      await visitor.goto(server.url);
      await shows(visitor, [welcomes[n]]);
      await visitor.goto(`${server.url}/as/public/meetings.html`);
      await until("the list has its title", async () => {
        await visitor.reload();
        return (await visitor.locator("body").innerText()).includes(titles[n]);
      });
      assert.deepEqual(await planted(visitor), []);
      await visitor.context().close();
    }
  });

  test("what stands in an address", async () => {
    const visitor = await watched("visitor by address");
    const at = (text) => encodeURIComponent(text);
    const addresses = [
      ["number at the door", (text) => `/join?id=${at(text)}`],
      ["invitation", (text) => `/join?id=88137455&t=${at(text)}`],
      ["language", (text) => `/join?id=88137455&lang=${at(text)}`],
      ["link for a password", (text) => `/reset#${text}`],
      ["ticket in a fragment", (text) => `/m/88137455#${text}`],
      ["name in an old address", (text) => `/id=88137455&name=${at(text)}&password=x`],
      ["password in an old address", (text) => `/id=88137455&name=x&password=${at(text)}`],
      ["place in the description", (text) => `/api/docs#${text}`],
    ];
    for (const [field, address] of addresses) {
      for (const text of payloads(field, 5)) {
        await visitor.goto(`${server.url}${address(text)}`, { waitUntil: "domcontentloaded" });
        await visitor.locator("main, #app, body > *").first().waitFor({ state: "attached" });
        assert.deepEqual(await planted(visitor), [], `${field}: ${text}`);
      }
    }
    await visitor.context().close();
    for (const text of payloads("page of the console", 5)) {
      await goto(`/console/${at(text)}?q=${at(text)}&sort=${at(text)}`);
      await page.locator(".console-page, main").first().waitFor({ state: "attached" });
      assert.deepEqual(await planted(page), [], text);
    }
  });

  test("no dialog opened, nothing foreign was asked for, no policy was complained about", () => {
    assert.ok(used >= 390 && fields.size >= 24, `${used} payloads in ${fields.size} fields`);
    assert.deepEqual(seen, []);
    assert.deepEqual(browser.complaints, []);
  });
});
