// Planning meetings on the start page: a series, a change, giving away, calling off, restoring.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { check } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { signIn } from "./harness/room.mjs";
import { CONVOKE, Server, run } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

/** A meeting as the server tells it to whoever is signed in on the page. */
async function told(page, topic) {
  const list = await page.evaluate(async () => (await fetch("/api/v1/meetings")).json());
  return list.meetings.find((meeting) => meeting.topic === topic);
}

/** Opens the menu of a meeting in the list and chooses from it. */
async function choose(page, topic, what) {
  await page.getByRole("button", { name: `What to do with it: ${topic}` }).click();
  await page.getByRole("menuitem", { name: what, exact: true }).click();
}

describe("planning on the start page", () => {
  let server;
  let browser;
  let page;

  before(async () => {
    server = await Server.start("schedule");
    browser = await Browser.launch();
    page = await browser.person("host");
    await signIn(page, server);
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("a public series with a lobby is planned and its invitation is at hand", async () => {
    await browser.shoot(page, "dashboard");
    await page.getByRole("button", { name: "Plan for later" }).click();
    await page.getByLabel("Topic").fill("Board meeting");
    await page.getByLabel("Day").fill("2031-03-25");
    await page.getByLabel("Begins at").fill("10:00");
    await page.getByLabel("Length").selectOption("90");
    await page.getByLabel("Time zone").selectOption("Europe/Berlin");
    await page.getByLabel("Held").selectOption("week");
    await page.getByLabel("How often").fill("3");
    await page.getByRole("switch", { name: /public list/ }).check();
    await page.getByRole("switch", { name: /lobby/ }).check();
    await page.getByText("Limit and telephone").click();
    await page.getByLabel("Dial-in number").fill("+49 30 1234567");
    await page.getByLabel("Access code").fill("123456789");
    await browser.shoot(page, "schedule-form");
    await page.getByRole("button", { name: "Plan the meeting" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite people" });
    const words = await dialog.locator("pre").innerText();
    for (const part of [
      "Board meeting",
      "Tuesday, 25 March 2031, 10:00–11:30 (Europe/Berlin)",
      "Then: Tuesday, 1 April 2031; Tuesday, 8 April 2031",
      "/join?id=",
      "Telephone: +49 30 1234567",
      "Access code: 123456789",
    ]) {
      assert.ok(words.includes(part), `${part} is in ${words}`);
    }
    await page.keyboard.press("Escape");
    const meeting = await told(page, "Board meeting");
    assert.deepEqual(
      [meeting.state, meeting.public, meeting.lobby, meeting.recurring, meeting.when.rule],
      ["scheduled", true, true, true, "FREQ=WEEKLY;COUNT=3"],
    );
    assert.equal(meeting.when.begins_ms, Date.UTC(2031, 2, 25, 9));
    await page.getByText("Series", { exact: true }).waitFor();
    await browser.shoot(page, "schedule-planned");
  });

  test("what is filled in wrongly is told in a sentence, and nothing is lost", async () => {
    await page.getByRole("button", { name: "Plan for later" }).click();
    await page.getByLabel("Topic").fill("Too many");
    await page.getByText("Limit and telephone").click();
    await page.getByLabel("People at most").fill("999999");
    await page.getByRole("button", { name: "Plan the meeting" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Topic").inputValue(), "Too many");
    assert.equal(await told(page, "Too many"), undefined);
    await page.getByRole("button", { name: "Back" }).click();
  });

  test("a change keeps the rest, and the password", async () => {
    const before = await told(page, "Board meeting");
    await choose(page, "Board meeting", "Change");
    await page.getByLabel("Topic").fill("Board of all");
    await page.getByLabel("Begins at").fill("11:00");
    await page.getByRole("button", { name: "Save" }).click();
    const meeting = await until("it is changed", () => told(page, "Board of all"));
    assert.equal(meeting.id, before.id, "a series keeps its id");
    assert.equal(meeting.when.start, "2031-03-25T11:00");
    assert.deepEqual(
      [meeting.has_password, meeting.public, meeting.when.rule, meeting.dial_in.code],
      [true, true, "FREQ=WEEKLY;COUNT=3", "123456789"],
    );
    const password = (text) => /Password: (\S+)/.exec(text)?.[1];
    assert.ok(password(meeting.invitation));
    assert.equal(password(meeting.invitation), password(before.invitation));
  });

  test("a single date is moved, another called off, and both can be taken back", async () => {
    await choose(page, "Board of all", "Dates of the series");
    const dialog = page.getByRole("dialog", { name: "Dates of “Board of all”" });
    await dialog.getByRole("button", { name: /^Move: .* 1 Apr/ }).click();
    await dialog.getByLabel("Day").fill("2031-04-02");
    await dialog.getByLabel("Begins at").fill("16:30");
    await browser.shoot(page, "schedule-dates-move");
    await dialog.getByRole("button", { name: "Move this date" }).click();
    await dialog.getByText(/^Moved from .* 1 Apr/).waitFor();
    await dialog.getByRole("button", { name: /^Call off: .* 8 Apr/ }).click();
    await dialog.getByText("Called off", { exact: true }).waitFor();
    await browser.shoot(page, "schedule-dates");
    await check(page, "schedule-dates");
    const { when, invitation } = await told(page, "Board of all");
    assert.deepEqual(when.exceptions, [
      { date: "2031-04-01T11:00", moved: "2031-04-02T16:30" },
      { date: "2031-04-08T11:00", moved: null },
    ]);
    assert.ok(invitation.includes("Then: Wednesday, 2 April 2031, 16:30"), invitation);
    await dialog.getByRole("button", { name: /^Take back: .* 8 Apr/ }).click();
    await dialog.getByRole("button", { name: /^Call off: .* 8 Apr/ }).waitFor();
    await page.keyboard.press("Escape");

    // A change of something else keeps them.
    await choose(page, "Board of all", "Change");
    await page.getByLabel("Length").selectOption("60");
    await page.getByRole("button", { name: "Save" }).click();
    const kept = await until("it is changed", async () => {
      const meeting = await told(page, "Board of all");
      return meeting.when.minutes === 60 && meeting;
    });
    assert.equal(kept.when.exceptions.length, 1);

    const [file] = await Promise.all([
      page.waitForEvent("download"),
      choose(page, "Board of all", "Save to my calendar"),
    ]);
    assert.match(file.suggestedFilename(), /^meeting-\d{8}\.ics$/);
    const text = await readFile(await file.path(), "utf8");
    assert.ok(text.includes("RECURRENCE-ID;TZID=Europe/Berlin:20310401T110000"), text);
  });

  test("it is called off with a reason, found under what is cancelled, and restored", async () => {
    await choose(page, "Board of all", "Cancel the meeting");
    const dialog = page.getByRole("dialog", { name: /Cancel “Board of all”/ });
    await dialog.getByLabel(/Reason/).fill("Nobody has time.");
    await browser.shoot(page, "schedule-cancel");
    await dialog.getByRole("button", { name: "Cancel the meeting" }).click();
    await until("it is off", async () => (await told(page, "Board of all")).state === "cancelled");
    await page.getByRole("button", { name: "Cancelled (1)" }).click();
    await page.getByRole("button", { name: "Restore: Board of all" }).click();
    await until("it is on", async () => (await told(page, "Board of all")).state === "scheduled");
    await page.getByText("Nothing was cancelled.").waitFor();
    await page.getByRole("button", { name: "Coming (1)" }).click();
  });

  test("in Chinese, the invitation is Chinese too", async () => {
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByRole("button", { name: /Board of all/ }).first().waitFor();
    const words = await until("the list is told anew", async () => {
      await page.getByRole("button", { name: /复制邀请.*Board of all/ }).click();
      const found = await page.getByRole("dialog").locator("pre").innerText();
      await page.keyboard.press("Escape");
      return found.includes("会议号") && found;
    });
    assert.ok(words.includes("2031年3月25日"), words);
    await page.getByRole("button", { name: "预约会议" }).click();
    await browser.shoot(page, "schedule-form-zh");
    await page.getByRole("button", { name: "返回" }).click();
    await page.getByRole("button", { name: "English" }).click();
  });

  test("it is given to another host, who alone can open it", async () => {
    const words = ["account", "add", "bob@example.org", "--password-stdin", "--data", server.data];
    assert.equal((await run(CONVOKE, words, "another purple kettle\n")).code, 0);
    await choose(page, "Board of all", "Give to another host");
    const dialog = page.getByRole("dialog", { name: /another host/ });
    await dialog.getByLabel(/E-mail/).fill("nobody@example.org");
    await dialog.getByRole("button", { name: "Give it away" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel(/E-mail/).fill("bob@example.org");
    await dialog.getByRole("button", { name: "Give it away" }).click();
    await until("it is gone", async () => (await told(page, "Board of all")) === undefined);
  });
});
