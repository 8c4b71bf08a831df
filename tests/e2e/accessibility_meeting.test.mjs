// axe-core finds no serious fault on any page of a meeting, with its panels, menus and dialogs, in
// either language, light or dark, wide or narrow.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { Line } from "./harness/proxy.mjs";
import { known, legacyUrl } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

for (const [look, options] of Object.entries(LOOKS)) {
  describe(`the pages of a meeting: ${look}`, () => {
    let server;
    let browser;
    let line;
    const pages = {};
    const ids = {};

    before(async () => {
      server = await Server.start(`accessibility-${look}`);
      browser = await Browser.launch();
      line = await Line.to(server.port);
      for (const name of ["host", "ann", "ben", "waits"]) {
        pages[name] = await browser.person(name, options);
      }
    });

    after(async () => {
      assert.deepEqual(browser.complaints, []);
      await browser?.close();
      await line?.remove();
      await server?.remove();
    });

    // Words differ by language, so controls are found by their names in the code.
    const control = (page, name) => page.locator(`[data-control="${name}"]`);
    const inside = async (page) => {
      await control(page, "join").click();
      await until("the page follows", async () => (await known(page))?.seq > 0);
    };
    const lookAt = async (page, name) => {
      await check(page, `${name}-${look}`);
      await browser.shoot(page, `${name}-${look}`);
    };
    const more = (page) => page.locator(".bar [aria-haspopup=menu]");
    const closePanel = async (page) => {
      const button = page.locator(".panel > header button");
      if (await button.isVisible()) await button.click();
    };
    const item = async (page, at) => {
      // On a phone a panel lies over the bar.
      await closePanel(page);
      await more(page).click();
      await page.getByRole("menuitem").nth(at).click();
    };

    /** Signs in and goes to the preview of a meeting that this host just started. */
    async function open(page, password) {
      await page.goto(server.url);
      // Who is signed in already sees the dashboard, and not before the page has asked.
      await page.locator("#start-title, section[aria-labelledby=host-title]").first().waitFor();
      if (!(await page.locator("#start-title").isVisible())) {
        const form = page.locator("section[aria-labelledby=host-title]");
        await form.locator("input").first().fill(server.email);
        await form.locator("input[type=password]").fill(server.password);
        await form.locator("[type=submit]").click();
      }
      const start = page.locator(".dash-start");
      await start.locator(".field input").first().fill("Accessible");
      if (password) await start.locator(".with-button input").fill(password);
      else await start.getByRole("switch").uncheck();
      await start.locator("[type=submit]").click();
      await page.waitForURL(/\/m\/\d{8}/);
      await control(page, "join").waitFor();
      return /\/m\/(\d{8})/.exec(page.url())[1];
    }

    test("the preview, and alone", async () => {
      ids.guarded = await open(pages.host, PASSWORD);
      await lookAt(pages.host, "preview-host");
      await inside(pages.host);
      await lookAt(pages.host, "meeting-alone");
      for (const [page, name, base] of [
        [pages.ann, "Ann Müller", line.url],
        [pages.ben, "张伟", server.url],
      ]) {
        await page.goto(legacyUrl(base, { id: ids.guarded, name, password: PASSWORD }));
        await control(page, "join").waitFor();
        if (page === pages.ann) await lookAt(page, "preview");
        // Only what is looked at is worth its time: nobody listens.
        await control(page, "preview-microphone").click();
        await inside(page);
      }
    });

    test("pictures, chat and people", async () => {
      const { host, ann, ben } = pages;
      await control(host, "share").click();
      await until("the screen is seen", async () => {
        return (await known(ann)).tracks.some((one) => one.kind === "screen" && one.drawnFrames);
      }, 30_000);
      await lookAt(host, "meeting-sharing");
      await control(ben, "hand").click();
      for (const page of [ann, host]) {
        await control(page, "chat").click();
        await page.locator(".compose textarea").fill("Hello, everybody. 大家好。");
        await page.keyboard.press("Enter");
      }
      await until("it is said", async () => (await known(host)).chat.length === 2);
      await lookAt(ann, "meeting-chat");
      await lookAt(host, "meeting-chat-host");
      await item(host, 0);
      await lookAt(host, "meeting-people");
      await host.locator(".person [aria-haspopup=menu]").last().click();
      await lookAt(host, "meeting-person-menu");
      await host.getByRole("menuitem").last().click();
      await host.getByRole("dialog").waitFor();
      await lookAt(host, "dialog-remove");
      await host.keyboard.press("Escape");
      await closePanel(host);
      // What comes next needs no pictures, and they cost time.
      await control(host, "share").click();
    });

    test("the menu and its dialogs", async () => {
      const { host } = pages;
      await more(host).click();
      await lookAt(host, "meeting-menu");
      const count = await host.getByRole("menuitem").count();
      await host.keyboard.press("Escape");
      const dialogs = { invite: 1, devices: 2, shortcuts: count - 2, details: count - 1 };
      for (const [name, at] of Object.entries(dialogs)) {
        await item(host, at);
        await host.getByRole("dialog").waitFor();
        await lookAt(host, `dialog-${name}`);
        await host.keyboard.press("Escape");
        await host.getByRole("dialog").waitFor({ state: "hidden" });
      }
    });

    test("a lost connection", async () => {
      line.cut();
      await pages.ann.locator("[data-banner=lost]").waitFor();
      await lookAt(pages.ann, "connection-lost");
      line.mend();
      await pages.ann.locator("[data-banner=lost]").waitFor({ state: "hidden" });
    });

    test("the viewer", async () => {
      const page = await browser.person("viewer", options);
      await page.goto(`${server.url}/id=${ids.guarded}&name=Vera&password=${PASSWORD}`);
      await until("she watches", async () => (await known(page))?.phase === "live");
      await lookAt(page, "viewer");
      await page.context().close();
    });

    test("removed, left, ended", async () => {
      const { host, ann, ben } = pages;
      await item(host, 0);
      const row = host.locator(".person", { hasText: "Ann Müller" });
      await row.locator("[aria-haspopup=menu]").click();
      await host.getByRole("menuitem").last().click();
      await host.locator("dialog .danger").click();
      await ann.locator("[data-over=removed]").waitFor();
      await lookAt(ann, "over-removed");
      await control(ben, "leave").click();
      await ben.locator("[data-over=left]").waitFor();
      await lookAt(ben, "over-left");
      await closePanel(host);
      await control(host, "leave").click();
      await host.getByRole("dialog").waitFor();
      await lookAt(host, "dialog-leave");
      await control(host, "end-for-everyone").click();
      await host.locator("[data-over=ended]").waitFor();
      await lookAt(host, "over-ended");
    });

    test("the lobby, on both sides of the door", async () => {
      const { host, waits } = pages;
      ids.open = await open(host, null);
      await inside(host);
      await waits.goto(legacyUrl(server.url, { id: ids.open, name: "Walter" }));
      await control(waits, "join").click();
      await waits.locator("[data-phase=lobby]").waitFor();
      await lookAt(waits, "lobby");
      await item(host, 0);
      await host.locator(".people-lobby").waitFor();
      await lookAt(host, "meeting-lobby-host");
      await host.locator(".people-lobby .btn.quiet").click();
      await waits.locator("[data-over=removed]").waitFor();
      await lookAt(waits, "over-denied");
    });
  });
}
