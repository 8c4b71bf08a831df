// The keyboard alone: in by the join page, talk, raise a hand, and out again.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { chatOf, host, inMeeting, known } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";
const TABS_MAX = 60;

describe("the keyboard alone", () => {
  let server;
  let browser;
  let chair;
  let page;
  let id;

  before(async () => {
    server = await Server.start("keyboard");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    id = await host(chair, server, { topic: "Keys", password: PASSWORD });
    page = await browser.person("keyboard");
    // Whatever a mouse does would be a mistake of this test.
    await page.addInitScript(() => {
      addEventListener("pointerdown", () => console.error("Content Security Policy: a pointer"));
    });
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  /** The name of what has the focus, as assistive technology has it. */
  const focused = () => {
    return page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return "";
      const words = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent;
      return (words ?? at.textContent ?? "").trim();
    });
  };

  /** Presses Tab until the focus is there, and sees that a person would see it. */
  async function tabTo(name) {
    for (let presses = 0; presses < TABS_MAX; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await focused()) !== name) continue;
      const seen = await page.evaluate(() => {
        const at = document.activeElement;
        const { width, height } = at.getBoundingClientRect();
        const style = getComputedStyle(at);
        const ring = style.outlineStyle !== "none" || style.boxShadow !== "none";
        return width > 0 && height > 0 && ring;
      });
      assert.ok(seen, `the focus on ${name} cannot be seen`);
      return;
    }
    throw new Error(`Tab never reached ${name}`);
  }

  test("joins", async () => {
    await page.goto(`${server.url}/join?id=${id}`);
    await page.getByRole("heading").first().waitFor();
    await tabTo("Your name");
    await page.keyboard.type("Kay");
    await tabTo("Meeting password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Join now" }).waitFor();
    await tabTo("Turn the microphone off");
    await page.keyboard.press("Space");
    await tabTo("Join now");
    await page.keyboard.press("Enter");
    await inMeeting(page);
    await until("the host sees Kay", async () => {
      return (await known(chair)).people.some((person) => person.name === "Kay");
    });
  });

  test("chats, and comes back to where it was", async () => {
    await tabTo("Chat");
    await page.keyboard.press("Enter");
    await until("the line has the focus", async () => (await focused()) === "Write a message");
    await page.keyboard.type("typed, not clicked");
    await page.keyboard.press("Enter");
    await until("the host has it", async () => {
      return (await chatOf(chair)).includes("typed, not clicked");
    });
    await page.keyboard.press("Escape");
    await until("the focus is back", async () => (await focused()) === "Chat");
  });

  test("raises and lowers a hand, by the control and by its key", async () => {
    const up = async () => (await known(chair)).people.some((person) => person.hand);
    await tabTo("Raise hand");
    await page.keyboard.press("Space");
    await until("the hand is up", up);
    await until("their own page knows", async () => {
      return (await known(page)).people.some((person) => person.hand);
    });
    await page.keyboard.press("h");
    await until("the hand is down", async () => !(await up()));
  });

  test("walks through a menu and a dialog", async () => {
    await tabTo("More");
    await page.keyboard.press("Enter");
    await until("the first item has the focus", async () => (await focused()).startsWith("People"));
    await page.keyboard.press("End");
    assert.match(await focused(), /^Connection details/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Connection details" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await until("the focus is back", async () => (await focused()) === "More");
  });

  test("leaves", async () => {
    await tabTo("Leave");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "You left the meeting" }).waitFor();
    await until("the host sees it", async () => {
      return !(await known(chair)).people.some((person) => person.name === "Kay");
    });
  });
});
