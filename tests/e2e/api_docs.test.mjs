// The page of the calls: it shows all of them, and what is tried there is answered, as whoever is
// signed in and by a key; under a policy that lets nothing else in.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser, PHONE } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

describe("the page of the calls", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.start("api-docs");
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  /** Somebody who is shown the page, and every address that it asks something of. */
  const visitor = async (name, options = {}) => {
    const page = await browser.person(name, options);
    const hosts = new Set();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    return { page, hosts };
  };

  const open = async (page) => {
    await page.goto(`${server.url}/api/docs`);
    await page.locator("#operations-meetings-list_meetings").waitFor();
  };

  /** Tries a call and gives the status and the body that the page shows of it. */
  const attempt = async (page, id, fill = async () => {}) => {
    const block = page.locator(`#operations-${id}`);
    if ((await block.locator(".opblock-body").count()) === 0) {
      await block.locator(".opblock-summary-control").click();
    }
    const out = block.locator(".try-out__btn");
    if ((await out.getAttribute("class")).includes("cancel") === false) await out.click();
    await fill(block);
    await block.locator("button.execute").click();
    const live = block.locator(".live-responses-table");
    await live.waitFor();
    const status = Number.parseInt(
      await live.locator(".response .response-col_status").first().innerText(),
      10,
    );
    const text = await live.locator(".response .highlight-code, .response pre").first().innerText();
    return { status, text };
  };

  test("it shows every call that the document has", async () => {
    const { page, hosts } = await visitor("reader");
    await open(page);
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
    const all = Object.values(document.paths).flatMap((item) => Object.keys(item));
    await until("all are there", async () => {
      const shown = await page.locator(".opblock").count();
      assert.equal(shown, all.length);
      return true;
    });
    assert.ok(all.length > 70, String(all.length));
    await browser.shoot(page, "api-docs-light");
    assert.deepEqual([...hosts], [new URL(server.url).host], "nobody else is asked anything");
    await page.emulateMedia({ colorScheme: "dark" });
    // Its colours go over in a third of a second.
    await page.waitForTimeout(700);
    await browser.shoot(page, "api-docs-dark");
    await page.context().close();
  });

  test("a call is tried as whoever is signed in, and by a key", async () => {
    const { page } = await visitor("host");
    await page.goto(`${server.url}/account`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(server.email);
    await form.locator("input[type=password]").fill(server.password);
    await form.locator("[type=submit]").click();
    // The section of keys leads here.
    const keys = page.getByRole("region", { name: "Keys for programs" });
    await keys.locator("form input").first().fill("Tried");
    await keys.locator("form [type=submit]").click();
    const key = await page.locator("dialog pre").innerText();
    await page.keyboard.press("Escape");
    await keys.getByRole("link").click();
    await page.locator("#operations-meetings-list_meetings").waitFor();

    const list = await attempt(page, "meetings-list_meetings");
    assert.equal(list.status, 200);
    assert.match(list.text, /"meetings": \[\]/);
    // A call that changes something: the page is one of the server's own.
    const made = await attempt(page, "meetings-create_meeting", async (block) => {
      const body = block.locator("textarea.body-param__text");
      await body.fill('{ "type": 0, "topic": "Made on the page" }');
    });
    assert.equal(made.status, 200, made.text);
    assert.match(made.text, /"topic": "Made on the page"/);
    await browser.shoot(page, "api-docs-tried");

    // Without a sign-in it is refused, and by a key it is done.
    await page.context().clearCookies();
    const refused = await attempt(page, "meetings-list_meetings");
    assert.deepEqual([refused.status, /sign_in_needed/.test(refused.text)], [401, true]);
    await page.locator(".auth-wrapper .btn.authorize").first().click();
    const dialog = page.locator(".dialog-ux .modal-ux");
    await dialog.locator("input[type=text], input[type=password]").first().fill(key);
    await browser.shoot(page, "api-docs-authorize");
    await dialog.locator(".auth-btn-wrapper .authorize").first().click();
    await dialog.locator(".auth-btn-wrapper .btn-done").first().click();
    const byKey = await attempt(page, "meetings-list_meetings");
    assert.equal(byKey.status, 200, byKey.text);
    assert.match(byKey.text, /Made on the page/);
    // What a key is not good for is said.
    const admin = await attempt(page, "admin-admin_overview");
    assert.deepEqual([admin.status, /scope_missing/.test(admin.text)], [403, true], admin.text);
    // It is gone with the page.
    await page.reload();
    await page.locator("#operations-meetings-list_meetings").waitFor();
    const gone = await attempt(page, "meetings-list_meetings");
    assert.equal(gone.status, 401, "the key is kept nowhere");
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.ok(!kept.includes(key.trim()));
    await page.context().close();
  });

  test("it fits a phone, speaks Chinese around it, and shows models", async () => {
    const { page } = await visitor("phone", { ...PHONE, locale: "zh-CN" });
    await open(page);
    await page.getByRole("heading", { level: 1, name: "供程序使用的接口" }).waitFor();
    await page.locator("#operations-meetings-create_meeting .opblock-summary-control").click();
    await page.locator("#operations-meetings-create_meeting .opblock-body").waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `${wide} pixels wide`);
    await browser.shoot(page, "api-docs-phone");
    await page.emulateMedia({ colorScheme: "dark" });
    // Its colours go over in a third of a second.
    await page.waitForTimeout(700);
    await browser.shoot(page, "api-docs-phone-dark");
    await page.context().close();
  });
});
