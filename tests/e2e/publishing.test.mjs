// Public lists as people meet them: on a page of their own, in a frame of somebody's page, and as
// an element of it; and the way from there into the meeting.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

/** Somebody's own site: its pages by their path. */
async function foreign(pages) {
  const server = createServer((request, answer) => {
    answer.setHeader("Content-Type", "text/html; charset=utf-8");
    answer.end(pages[request.url] ?? "");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { server, port: server.address().port };
}

/** Signs in over the JSON interface; gives what the calls of that account carry. */
async function signIn(server, email, password) {
  const origin = { Origin: `http://127.0.0.1:${server.port}` };
  const signed = await server.call("POST", "/api/v1/sign-in", { email, password }, origin);
  assert.equal(signed.status, 200, signed.text);
  return { ...origin, Cookie: signed.headers.get("set-cookie").split(";")[0] };
}

/** A public meeting of an hour, on the clocks of Zurich. */
async function plan(server, as, { topic, type, start, rule }) {
  const when = { start, minutes: 60, zone: "Europe/Zurich", ...(rule ? { rule } : {}) };
  const wish = { type, topic, when, public: true };
  const made = await server.call("POST", "/api/v1/meetings", wish, as);
  assert.ok(made.status === 200 || made.status === 201, made.text);
}

/** Sets what administrators say of public lists. */
async function publishing(server, as, part) {
  const wish = { part: { publishing: part }, reason: "the town hall's page" };
  const set = await server.call("POST", "/api/v1/admin/settings", wish, as);
  assert.equal(set.status, 200, set.text);
}

const PAYLOAD = "<img src=x onerror=document.title='stolen'> Q&A";

describe("public lists", () => {
  let server;
  let browser;
  let site;
  let allowed;
  let refused;

  before(async () => {
    browser = await Browser.launch();
    const pages = {};
    site = await foreign(pages);
    // Two names of one machine are two origins.
    allowed = `http://localhost:${site.port}`;
    refused = `http://127.0.0.1:${site.port}`;
    server = await Server.start("publishing");
    const frame = `<iframe src="${server.url}/as/public/meetings.html" width="800" height="600">`;
    pages["/frame"] = `<!doctype html><title>Town hall</title><h1>Town hall</h1>${frame}</iframe>`;
    pages["/element"] =
      `<!doctype html><html lang="en"><title>Town hall</title><h1>Town hall</h1>` +
      `<script src="${server.url}/embed/meetings.js"></script>` +
      `<convoke-meetings limit="3"></convoke-meetings>`;
  });

  after(async () => {
    const expected = (line) => /frame-ancestors/.test(line);
    assert.deepEqual(browser.complaints.filter((line) => !expected(line)), []);
    await browser?.close();
    await server?.remove();
    site?.server.close();
  });

  test("nothing to list is told, in every look", async () => {
    for (const [look, options] of Object.entries(LOOKS)) {
      const page = await browser.person(look, options);
      await page.goto(`${server.url}/as/public/meetings.html`);
      await page.locator(".empty h2").waitFor();
      await check(page, `public-empty-${look}`);
      await browser.shoot(page, `public-empty-${look}`);
      await page.context().close();
    }
  });

  test("planned meetings are listed in the viewer's time zone, and joined from there", async () => {
    const host = await signIn(server, server.email, server.password);
    const topics = ["Open house", PAYLOAD, "Weekly questions", "Bürgersprechstunde 市民对话"];
    for (let n = 0; n < 8; n += 1) {
      const topic = topics[n] ?? `Talk ${n}: what is new`;
      const rule = n === 2 ? "FREQ=WEEKLY;COUNT=6" : null;
      const type = n % 2 ? 4 : 0;
      await plan(server, host, { topic, type, start: `2031-03-${10 + n}T10:00`, rule });
    }
    const target = `${server.url}/as/public/meetings.html`;
    await until("they are listed", async () => {
      const list = await (await fetch(target.replace(".html", ".json"))).json();
      return list.meetings.length === 8;
    });
    for (const [look, options] of Object.entries(LOOKS)) {
      const page = await browser.person(look, { ...options, timezoneId: "Asia/Tokyo" });
      await page.goto(target);
      await page.locator("html[data-ready]").waitFor();
      assert.equal(await page.locator(".meeting").count(), 8);
      const when = await page.locator(".meeting .when").first().innerText();
      assert.match(when, /18:00/, "ten o'clock in Zurich is six in Tokyo");
      assert.match(await page.locator("#zone").innerText(), /Asia\/Tokyo/);
      assert.equal(await page.locator(".meeting .more li").count(), 5, "more dates of a series");
      assert.equal(await page.locator("img").count(), 0, "a topic is text");
      assert.notEqual(await page.title(), "stolen");
      await check(page, `public-${look}`);
      await browser.shoot(page, `public-${look}`);
      const find = page.locator("#find input");
      await find.fill("sprechstunde");
      assert.equal(await page.locator(".meeting:visible").count(), 1);
      await find.fill("no such words");
      await page.locator("#nothing").waitFor();
      await find.fill("");
      await page.context().close();
    }
    const page = await browser.person("joining");
    await page.goto(target);
    const popup = page.waitForEvent("popup");
    await page.locator(".meeting").first().locator("a.join").click();
    const joining = await popup;
    assert.match(joining.url(), /\/join\?id=\d{8}$/);
    await joining.getByLabel("Your name").waitFor();
    await page.context().close();
  });

  test("without scripts it shows the times of the meeting's own zone", async () => {
    const page = await browser.person("plain", { javaScriptEnabled: false });
    await page.goto(`${server.url}/as/public/meetings.html`);
    const when = await page.locator(".meeting .when").first().innerText();
    assert.match(when, /10 Mar 2031, 10:00–11:00 Europe\/Zurich/);
    await page.context().close();
  });

  test("a page that was named shows it in a frame, another one does not", async () => {
    const root = "root@example.org";
    const words = ["account", "add", root, "--administrator", "--password-stdin"];
    const added = await run(CONVOKE, [...words, "--data", server.data], `${server.password}\n`);
    assert.equal(added.code, 0, added.stderr);
    const administrator = await signIn(server, root, server.password);
    await publishing(server, administrator, { frame_ancestors: [allowed] });
    await until("browsers are told", async () => {
      const answer = await fetch(`${server.url}/as/public/meetings.html`);
      return answer.headers.get("content-security-policy").includes(allowed);
    });
    const page = await browser.person("town");
    await page.goto(`${allowed}/frame`);
    const list = page.frameLocator("iframe");
    await list.locator("html[data-ready]").waitFor({ state: "attached" });
    assert.equal(await list.locator(".meeting").count(), 8);
    await browser.shoot(page, "public-framed");
    await page.goto(`${refused}/frame`);
    await until("the frame is refused", async () => {
      const frame = page.frames().find((one) => one !== page.mainFrame());
      return frame && frame.url().startsWith("chrome-error:");
    });
    for (const target of ["/", "/account", "/join"]) {
      await page.goto(`${allowed}/frame`);
      const frame = await page.evaluateHandle((url) => {
        const element = document.querySelector("iframe");
        element.src = url;
        return element;
      }, `${server.url}${target}`);
      await until(`${target} is not framed`, async () => {
        const content = await frame.contentFrame();
        return content.url().startsWith("chrome-error:");
      });
    }
    await page.context().close();
  });

  test("one line makes them an element of any page", async () => {
    const page = await browser.person("element");
    await page.goto(`${refused}/element`);
    const element = page.locator("convoke-meetings");
    await element.locator("li").first().waitFor();
    assert.equal(await element.locator("li").count(), 3);
    await element.getByText(PAYLOAD).waitFor();
    assert.equal(await element.locator("img").count(), 0, "a topic is text");
    assert.notEqual(await page.title(), "stolen");
    const href = await element.locator("a.join").first().getAttribute("href");
    assert.match(href, /\/join\?id=\d{8}$/);
    await element.getByRole("link", { name: "All meetings" }).waitFor();
    await browser.shoot(page, "public-element");
    await page.context().close();
  });
});
