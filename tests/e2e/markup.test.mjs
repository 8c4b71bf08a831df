// Names, topics and chat that look like markup are shown as the letters they are.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { enter, host, known, openChat, openPeople, say } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

/** Each would tell of itself by a dialog, a request, a complaint of the policy or an element. */
const PAYLOADS = [
  `<img src=x onerror=alert(1)>`,
  `<script>alert(2)</script>`,
  `"><svg onload=alert(3)>`,
  `' autofocus onfocus='alert(4)`,
  `<iframe srcdoc="<script>alert(5)</script>">`,
  `<a href="javascript:alert(6)">click</a>`,
  `javascript:alert(7)//`,
  `<style>body{display:none}</style>`,
  `<base href="https://evil.example/">`,
  `<form action="https://evil.example/"><input name=p>`,
  `{{constructor.constructor('alert(11)')()}}`,
  `</title><marquee onstart=alert(12)>`,
  `&lt;b&gt;&#60;img src=x onerror=alert(13)&#62;`,
  `<math><mtext></p><img src=x onerror=alert(14)>`,
  `</script><script>alert(15)</script>`,
];

describe("markup is text", () => {
  let server;
  let browser;
  let chair;
  let id;
  const seen = [];

  before(async () => {
    server = await Server.start("markup", "[join]\nper_minute = 1000\nburst = 1000\n");
    browser = await Browser.launch();
    chair = await watched("chair");
    id = await host(chair, server, { topic: PAYLOADS[0], password: PASSWORD });
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

  /** Elements that only a payload could have brought. */
  const planted = (page) => {
    return page.locator("img, iframe, marquee, base, math, object, embed, [onload], [onerror]");
  };

  test("names are written out on the stage, in the list, the menus and the chat", async () => {
    for (const [n, name] of PAYLOADS.entries()) {
      const page = await watched(`guest ${n}`);
      await page.goto(`${server.url}/join?id=${id}`);
      await page.getByLabel("Your name").fill(name);
      await page.getByLabel("Meeting password").fill(PASSWORD);
      await page.getByRole("button", { name: "Continue" }).click();
      await enter(page, "Join now");
      await until("the host knows the name as it was typed", async () => {
        return (await known(chair)).people.some((person) => person.name === name);
      });
      await say(page, name);
      await until("the host has the message", async () => {
        return (await known(chair)).chat.some((line) => line.text === name && line.name === name);
      });
      const chat = await openChat(chair).then(() => chair.locator(".panel"));
      const bubble = chat.locator(".bubble").last();
      await until("the bubble has the letters", async () => (await bubble.textContent()) === name);
      assert.equal(await bubble.locator("*").count(), 0, name);
      const list = await openPeople(chair);
      const row = list.locator(".person .clip", { hasText: name });
      assert.equal(await row.first().textContent(), name);
      assert.equal(await row.first().locator("*").count(), 0, name);
      assert.equal(await chair.getByRole("button", { name: `Actions for ${name}` }).count(), 1);
      assert.equal(await planted(chair).count(), 0, name);
      assert.equal(await planted(page).count(), 0, name);
      await page.context().close();
    }
  });

  test("the topic is written out in the heading, the title and the invitation", async () => {
    const heading = chair.getByRole("heading", { level: 1 });
    assert.equal(await heading.textContent(), PAYLOADS[0]);
    assert.ok((await chair.title()).startsWith(PAYLOADS[0]));
    await chair.getByRole("button", { name: "Invite people" }).first().click();
    const words = chair.locator("dialog pre");
    assert.ok((await words.textContent()).includes(PAYLOADS[0]));
    assert.equal(await words.locator("*").count(), 0);
    await chair.keyboard.press("Escape");
  });

  test("a name in the address is written out on the pages of the door", async () => {
    for (const name of PAYLOADS) {
      const page = await watched("door");
      const who = `role=attendee&name=${encodeURIComponent(name)}&meeting_id=${id}`;
      await page.goto(`${server.url}/as/wapi/goto_downloader?${who}&password=wrong`);
      await page.getByRole("alert").first().waitFor();
      assert.equal(await page.getByLabel("Your name").inputValue(), name);
      assert.equal(await planted(page).count(), 0, name);
      await page.context().close();
    }
  });

  test("no dialog opened, nothing foreign was asked for, no policy was complained about", () => {
    assert.deepEqual(seen, []);
    assert.deepEqual(browser.complaints, []);
  });
});
