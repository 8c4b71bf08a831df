// axe-core finds no serious fault on any page outside a meeting, in either language, light or dark,
// wide or narrow. Pages within a meeting: accessibility_meeting.test.mjs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { legacyUrl } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";

const PASSWORD = "apple-39-tree";

describe("the pages outside a meeting", () => {
  let server;
  let browser;
  let id;

  before(async () => {
    server = await Server.start("accessibility", "[join]\nfailures_burst = 1000\n");
    browser = await Browser.launch();
    const meeting = await server.makeMeeting({ topic: "Accessible", password: PASSWORD });
    id = meeting.id;
    await server.makeMeeting({ topic: "Another one, with a longer name than fits", type: 4 });
    const cookie = { ...meeting.origin, Cookie: meeting.cookie };
    await server.call("POST", `/api/v1/meetings/${id}/host`, {}, cookie);
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  for (const [look, options] of Object.entries(LOOKS)) {
    /** Looks at the page as it is, and keeps what it looks like. */
    const lookAt = async (page, name) => {
      await check(page, `${name}-${look}`);
      await browser.shoot(page, `${name}-${look}`);
    };

    test(`before anybody is known: ${look}`, async () => {
      const page = await browser.person(look, options);
      const host = `/as/wapi/goto_downloader?role=host&email=${server.email}&user_password=`;
      const paths = {
        home: "/",
        join: `/join?id=${id}`,
        setup: "/setup#t=none",
        "ask-password": host,
        unknown: "/nothing-here",
      };
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(server.url + path);
        await page.getByRole("heading").first().waitFor();
        await lookAt(page, name);
      }
      const language = options.locale.slice(0, 2);
      assert.ok((await page.locator("html").getAttribute("lang")).startsWith(language));
      await page.goto(legacyUrl(server.url, { id, name: "Eve", password: "wrong" }));
      await page.getByRole("alert").first().waitFor();
      await lookAt(page, "refused");
      await page.addInitScript(() => {
        delete globalThis.VideoDecoder;
      });
      await page.goto(`${server.url}/m/${id}#t=none`);
      await page.getByRole("heading").first().waitFor();
      await lookAt(page, "no-webcodecs");
      await page.context().close();
    });

    test(`the host's own page: ${look}`, async () => {
      const page = await browser.person(look, options);
      await page.goto(server.url);
      const form = page.locator("section[aria-labelledby=host-title]");
      await form.locator("input").first().fill(server.email);
      await form.locator("input[type=password]").fill("wrong");
      await form.locator("[type=submit]").click();
      await form.getByRole("alert").waitFor();
      await lookAt(page, "sign-in-failed");
      await form.locator("input[type=password]").fill(server.password);
      await form.locator("[type=submit]").click();
      await page.locator(".meetings li").first().waitFor();
      await lookAt(page, "dashboard");
      await page.getByRole("switch").uncheck();
      await page.locator(".frame-top [aria-haspopup=menu]").click();
      await lookAt(page, "dashboard-menu");
      await page.keyboard.press("Escape");
      await page.locator(".meetings li .btn.icon").first().click();
      await page.getByRole("dialog").waitFor();
      await lookAt(page, "invitation");
      await page.context().close();
    });
  }
});
