// The ways in as people walk them: start page, legacy host address, view-only address; and what a
// browser is told that cannot do everything.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser, PHONE } from "./harness/browser.mjs";
import { moving } from "./harness/pictures.mjs";
import { enter, host, joinByLegacyUrl, known, press, say, track } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("the ways in", () => {
  let server;
  let browser;
  let chair;
  let id;

  before(async () => {
    server = await Server.start("doors");
    browser = await Browser.launch();
    chair = await browser.person("chair");
    id = await host(chair, server, { topic: "Open house", password: PASSWORD });
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  const shown = () => `${id.slice(0, 4)}-${id.slice(4)}`;
  const here = async (name) => {
    return (await known(chair)).people.find((person) => person.name === name);
  };

  test("by the start page: id, name, and the password once the id is complete", async () => {
    const page = await browser.person("home");
    await page.goto(server.url);
    const form = page.getByRole("region", { name: "Join a meeting" });
    assert.equal(await form.getByLabel("Meeting password").count(), 0);
    await form.getByLabel("Meeting ID").fill(shown());
    await form.getByLabel("Your name").fill("Hanna");
    await form.getByLabel("Meeting password").fill("wrong");
    await form.getByRole("button", { name: "Join", exact: true }).click();
    await form.getByRole("alert").getByText(/cannot be joined with that id/).waitFor();
    await form.getByLabel("Meeting password").fill(PASSWORD);
    await form.getByRole("button", { name: "Join", exact: true }).click();
    await enter(page, "Join now");
    await until("she is in", () => here("Hanna"));
    await page.context().close();
  });

  test("by the invitation's own link, without typing a password", async () => {
    await chair.getByRole("button", { name: "Invite people" }).first().click();
    const words = await chair.locator("dialog pre").textContent();
    await until("the invitation is closed", async () => {
      if (!(await chair.locator("dialog[open]").count())) return true;
      await chair.keyboard.press("Escape");
      return false;
    });
    const link = /https?:\S+\/join\?\S+/.exec(words)?.[0];
    assert.ok(link, words);
    const page = await browser.person("invited");
    await page.goto(link);
    await page.getByLabel("Your name").fill("Ivo");
    await page.getByRole("button", { name: "Continue" }).click();
    await enter(page, "Join now");
    await until("he is in", () => here("Ivo"));
    await page.context().close();
  });

  test("as host by the legacy address, and asked for the password when it is empty", async () => {
    const page = await browser.person("legacy-host");
    const door = `${server.url}/as/wapi/goto_downloader?role=host&email=${server.email}`;
    await page.goto(`${door}&user_password=&sumbit=submit`);
    assert.equal(await page.getByLabel("E-mail").inputValue(), server.email);
    await page.getByLabel("Password", { exact: true }).fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(/do not fit together/).waitFor();
    await page.getByLabel("Password", { exact: true }).fill(server.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Start a meeting" }).waitFor();
    await page.context().close();
    const straight = await browser.person("legacy-host-2");
    const secret = encodeURIComponent(server.password);
    await straight.goto(`${door}&user_password=${secret}&sumbit=submit`);
    await enter(straight, "Start the meeting");
    const { people, who } = await known(straight);
    assert.equal(people.find((person) => person.id === who)?.role, "host");
    assert.ok(!straight.url().includes(secret), "the password left the address bar");
    await straight.context().close();
  });

  test("the viewer decodes moving pictures and sound, and has nothing to send with", async () => {
    for (const control of ["Share screen", "Turn on camera", "Unmute"]) {
      const button = chair.getByRole("button", { name: control, exact: true });
      if (await button.count()) await button.first().click();
    }
    const page = await browser.person("viewer");
    await page.goto(`${server.url}/id=${shown()}&name=Vera Wu&password=${PASSWORD}`);
    await until("she watches", async () => (await known(page))?.phase === "live");
    const owner = (await known(chair)).people.find((person) => person.role === "host").name;
    for (const kind of ["screen", "camera"]) {
      await until(`the ${kind} is decoded`, async () => {
        const found = await track(page, { owner, kind });
        return found?.decodedFrames > 15 && found.drawnFrames > 5;
      }, 30_000);
    }
    await until("two pictures move", async () => (await moving(page)) >= 2, 30_000);
    await until("she hears", async () => (await known(page)).playedEnergy > 0, 30_000);
    assert.equal((await here("Vera Wu")).role, "viewer");
    assert.equal(await page.getByRole("toolbar").count(), 0);
    assert.equal(await page.getByRole("textbox").count(), 0);
    for (const key of ["m", "v", "s", "h", "c"]) await page.keyboard.press(key);
    await say(chair, "to those who take part");
    const { published, people } = await known(page);
    assert.deepEqual(published, []);
    assert.ok(people.every((person) => !person.hand));
    assert.equal(await page.getByRole("textbox").count(), 0);
    await browser.shoot(page, "viewer-watching");
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByRole("heading", { name: "You left the meeting" }).waitFor();
    await page.context().close();
  });

  test("a browser without WebCodecs is told so, and what would do", async () => {
    const page = await browser.person("old");
    await page.addInitScript(() => {
      delete globalThis.VideoDecoder;
    });
    await page.goto(`${server.url}/join?id=${id}`);
    await page.getByLabel("Your name").fill("Olga");
    await page.getByLabel("Meeting password").fill(PASSWORD);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "This browser cannot show meetings" }).waitFor();
    await page.getByText(/Firefox 130/).waitFor();
    assert.equal(await here("Olga"), undefined);
    await page.context().close();
  });

  test("a phone that cannot share its screen has no button for it", async () => {
    const page = await browser.person("phone", PHONE);
    await page.addInitScript(() => {
      delete MediaDevices.prototype.getDisplayMedia;
    });
    await joinByLegacyUrl(page, server.url, { id, name: "Pia", password: PASSWORD });
    await page.getByRole("button", { name: "Raise hand" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Share screen" }).count(), 0);
    await page.keyboard.press("s");
    const { published } = await known(page);
    assert.ok(!published.some((one) => one.kind === "screen"));
    await page.context().close();
  });

  test("the language is the browser's, a switch changes it, and the choice is kept", async () => {
    const page = await browser.person("wei", { locale: "zh-CN" });
    await page.goto(server.url);
    const lang = () => page.locator("html").getAttribute("lang");
    assert.equal(await lang(), "zh-Hans");
    await page.getByRole("button", { name: "English" }).click();
    assert.equal(await lang(), "en");
    await page.getByRole("heading", { name: "Join a meeting" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Join a meeting" }).waitFor();
    await joinByLegacyUrl(page, server.url, { id, name: "张伟", password: PASSWORD });
    await press(page, "More");
    await page.getByRole("menuitem", { name: "简体中文" }).click();
    assert.equal(await lang(), "zh-Hans");
    assert.match(await page.getByRole("toolbar").innerText(), /[\u4e00-\u9fff]/);
    await page.context().close();
  });
});
