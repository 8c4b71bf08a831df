// axe-core finds no serious fault on any page, in either language, light or dark, wide or narrow.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import axe from "axe-core";

import { Browser } from "./harness/browser.mjs";
import { host, joinByLegacyUrl, legacyUrl, openChat, signIn } from "./harness/room.mjs";
import { OUT, Server } from "./harness/server.mjs";

const PASSWORD = "apple-39-tree";
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Asks axe-core about the page as it is, keeps its report, and fails on what is serious. */
async function check(page, name) {
  await page.evaluate(axe.source);
  const report = await page.evaluate(() => window.axe.run(document));
  await mkdir(OUT, { recursive: true });
  await writeFile(join(OUT, `axe-${name}.json`), JSON.stringify(report.violations, null, 2));
  const serious = report.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const found = serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
  assert.deepEqual(found, [], name);
}

describe("accessibility", () => {
  let server;
  let browser;
  let id;
  const pages = {};

  before(async () => {
    server = await Server.start("accessibility");
    browser = await Browser.launch();
    pages.host = await browser.person("host");
    id = await host(pages.host, server, { topic: "Accessible", password: PASSWORD });
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`the pages before a meeting, ${colorScheme}`, async () => {
      const page = await browser.person(`visitor-${colorScheme}`, { colorScheme });
      const paths = { home: "/", join: "/join?id=88137455", setup: "/setup" };
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(server.url + path);
        await page.getByRole("heading").first().waitFor();
        await check(page, `${name}-${colorScheme}`);
        await browser.shoot(page, `${name}-${colorScheme}`);
      }
      await signIn(page, server);
      await check(page, `dashboard-${colorScheme}`);
      await browser.shoot(page, `dashboard-${colorScheme}`);
      await page.context().close();
    });
  }

  test("in Chinese, on a phone", async () => {
    const page = await browser.person("phone", { ...PHONE, locale: "zh-CN" });
    await page.goto(server.url);
    await page.getByRole("heading").first().waitFor();
    assert.match(await page.locator("html").getAttribute("lang"), /^zh/);
    assert.match(await page.locator("body").innerText(), /[\u4e00-\u9fff]/);
    await check(page, "home-phone-zh");
    await browser.shoot(page, "home-phone-zh");
    await page.context().close();
  });

  test("the preview and the meeting", async () => {
    const guest = await browser.person("guest");
    await guest.goto(legacyUrl(server.url, { id, name: "Ann", password: PASSWORD }));
    await guest.getByRole("button", { name: "Join now" }).waitFor();
    await check(guest, "preview");
    await browser.shoot(guest, "preview");
    await guest.context().close();
    const page = await browser.person("ann");
    await joinByLegacyUrl(page, server.url, { id, name: "Ann", password: PASSWORD });
    await openChat(page);
    await check(page, "meeting-attendee");
    await openChat(pages.host);
    await check(pages.host, "meeting-host");
    await page.context().close();
  });

  test("the meeting on a phone, dark", async () => {
    const page = await browser.person("phone-dark", { ...PHONE, colorScheme: "dark" });
    await joinByLegacyUrl(page, server.url, { id, name: "Phone", password: PASSWORD });
    await check(page, "meeting-phone-dark");
    await browser.shoot(page, "meeting-phone-dark");
    await page.context().close();
  });

  test("the viewer", async () => {
    const page = await browser.person("viewer");
    await page.goto(`${server.url}/id=${id}&name=Vera&password=${PASSWORD}`);
    await page.getByRole("main").waitFor();
    await check(page, "viewer");
    await browser.shoot(page, "viewer");
    await page.context().close();
  });

  test("a refused join and an unknown page", async () => {
    const page = await browser.person("refused");
    await page.goto(legacyUrl(server.url, { id, name: "Eve", password: "wrong" }));
    await page.getByRole("alert").first().waitFor();
    await check(page, "refused");
    await browser.shoot(page, "refused");
    await page.goto(`${server.url}/nothing-here`);
    await check(page, "unknown");
    await page.context().close();
  });

  test("the keyboard alone joins a meeting", async () => {
    const page = await browser.person("keyboard");
    await page.goto(`${server.url}/join?id=${id}`);
    await page.getByRole("heading").first().waitFor();
    const into = async (label, text) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press("Tab");
        const here = await page.evaluate(() => document.activeElement?.labels?.[0]?.textContent);
        if (here === label) return page.keyboard.type(text);
      }
      throw new Error(`Tab never reached ${label}`);
    };
    await into("Your name", "Kay");
    await into("Meeting password", PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Join now" }).waitFor();
    await page.context().close();
  });
});
