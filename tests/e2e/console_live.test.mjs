// The console follows by itself: the overview and what goes on, over one stream; and it says so
// when it does not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { check } from "./harness/axe.mjs";
import { Admin } from "./harness/admin.mjs";
import { Browser } from "./harness/browser.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

describe("the console, live", () => {
  let server;
  let browser;
  let admin;

  before(async () => {
    server = await Server.start("console-live", "[sign_in]\nfailures_burst = 1000\n");
    admin = await Admin.of(server);
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser?.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  const enter = async (name, path) => {
    const page = await browser.person(name);
    page.asked = [];
    page.on("request", (request) => page.asked.push(new URL(request.url()).pathname));
    await page.goto(`${server.url}/console${path}`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(admin.email);
    await form.locator("input[type=password]").fill(admin.password);
    await form.locator("[type=submit]").click();
    await page.locator(".console-page h1").waitFor();
    return page;
  };

  const mark = (page, words) => page.locator(".live").getByText(words, { exact: true }).waitFor();

  const figure = (page, name) =>
    page.locator(".figure").filter({ hasText: name }).locator("dd").textContent();

  test("the overview follows without asking again, and says when it does not", async () => {
    const page = await enter("ada", "");
    await mark(page, "live");
    assert.equal(await figure(page, "Meetings going on"), "0");
    await until("rates are reckoned", async () => (await figure(page, "Facts per")) !== "…");
    page.asked.length = 0;
    const began = Date.now();
    const id = await admin.meeting("Told at once");
    await page.getByRole("region", { name: "Going on now" }).getByText("Told at once").waitFor();
    assert.equal(await figure(page, "Meetings going on"), "1");
    await admin.ok("POST", `/api/v1/admin/meetings/${id}/end`, { reason: "it is over" });
    await page.getByText("No meeting is going on.").waitFor();
    assert.ok(Date.now() - began < 30_000, "it follows at once");
    assert.deepEqual(page.asked, [], "nothing was asked for");
    // A server that says nothing any more, as when the network is gone.
    process.kill(-server.child.pid, "SIGSTOP");
    try {
      await mark(page, "not live");
      await page.getByText("the server does not tell newer ones").waitFor();
      await check(page, "console-not-live");
      await browser.shoot(page, "console-not-live");
    } finally {
      process.kill(-server.child.pid, "SIGCONT");
    }
    await mark(page, "live");
    assert.equal(await page.getByText("the server does not tell newer ones").count(), 0);
    await page.context().close();
  });

  test("what goes on follows in the table of meetings too", async () => {
    const page = await enter("ada at meetings", "/meetings");
    await mark(page, "live");
    await page.getByText("No meeting is going on.").waitFor();
    const id = await admin.meeting("Comes by itself");
    const row = page.getByRole("row").filter({ hasText: "Comes by itself" });
    await row.waitFor();
    await admin.ok("POST", `/api/v1/admin/meetings/${id}/lock`, { locked: true });
    await row.getByText("locked").waitFor();
    await admin.ok("POST", `/api/v1/admin/meetings/${id}/end`, { reason: "it is over" });
    await page.getByText("No meeting is going on.").waitFor();
    await page.context().close();
  });

  test("it is over when the sign-in is, and the page says so", async () => {
    const page = await enter("ada, signed out elsewhere", "");
    await mark(page, "live");
    await admin.ok("POST", "/api/v1/me/sessions/end", { name: null });
    await mark(page, "signed out");
    await page.getByText("You are no longer signed in here").waitFor();
    await check(page, "console-live-ended");
    await page.getByRole("main").getByRole("link", { name: "Sign in to the console" }).click();
    await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
    await page.context().close();
  });
});
