// The host's word: who waits in the lobby is let in, who is removed does not come back, a locked
// meeting is told.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { host, inMeeting, known, legacyUrl, press } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

describe("who may be in", () => {
  let server;
  let browser;
  let chair;
  let id;

  before(async () => {
    server = await Server.start("remove");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    id = await host(chair, server, { topic: "Who may be in" });
    await chair.getByRole("button", { name: /^People/ }).first().click();
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  const names = async () => ((await known(chair))?.people ?? []).map((person) => person.name);

  /** Comes by the legacy address of a meeting without a password: to the lobby. */
  async function knock(page, name) {
    await page.goto(legacyUrl(server.url, { id, name }));
    await page.getByRole("button", { name: "Join now" }).click();
  }

  test("without a password people wait until the host lets them in", async () => {
    const guest = await browser.person("guest");
    await knock(guest, "Gina");
    await chair.getByRole("button", { name: /^Let in/ }).first().click();
    await inMeeting(guest);
    await until("the host sees her", async () => (await names()).includes("Gina"));
  });

  test("who was removed does not come back by the same link", async () => {
    const pest = await browser.person("pest");
    await knock(pest, "Paul");
    await chair.getByRole("button", { name: /^Let in/ }).first().click();
    await inMeeting(pest);
    await chair.getByRole("button", { name: "Actions for Paul" }).click();
    await chair.getByRole("menuitem", { name: "Remove from meeting" }).click();
    await chair.getByRole("button", { name: "Remove", exact: true }).click();
    await pest.getByText("You were removed from the meeting").waitFor();
    await until("he is gone", async () => !(await names()).includes("Paul"));
    await knock(pest, "Paul again");
    await pest.getByText(/cannot be joined with that id/).first().waitFor();
    assert.ok(!(await names()).includes("Paul again"));
    assert.deepEqual((await known(chair)).lobby, []);
  });

  test("a locked meeting says so, and opens again", async () => {
    await press(chair, "More");
    await chair.getByRole("menuitem", { name: "Lock the meeting" }).click();
    await until("it is locked", async () => (await known(chair)).locked);
    const late = await browser.person("late");
    await knock(late, "Lola");
    await late.getByText(/has locked the meeting/).first().waitFor();
    await press(chair, "More");
    await chair.getByRole("menuitem", { name: "Unlock the meeting" }).click();
    await until("it is open", async () => !(await known(chair)).locked);
    await knock(late, "Lola");
    await chair.getByRole("button", { name: /^Let in/ }).first().click();
    await inMeeting(late);
  });
});
