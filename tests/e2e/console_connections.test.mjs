// Connections to other servers as an administrator sets them in the console: tried, saved, used at
// once, removed; a bridge's secret that is shown once; in both languages, light, dark, on a phone.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";

const ROOT = "root@example.com";
const PASSWORD = "purple kettle moonwalk";

/** An application server that knows one person. */
function adapter() {
  const server = createServer((request, response) => {
    let form = "";
    request.on("data", (piece) => (form += piece));
    request.on("end", () => {
      const fields = new URLSearchParams(form);
      const right = fields.get("email") === "eva" && fields.get("password") === PASSWORD;
      response.setHeader("Content-Type", "text/xml");
      const status = right ? "SUCCEED" : "FAILED";
      const person = "<__FirstName__>Eva</__FirstName__><__UserId__>17</__UserId__>";
      response.end(
        `<__Return__><__Status__>${status}</__Status__>${right ? person : ""}</__Return__>`,
      );
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("connections in the console", () => {
  let elsewhere;
  let folder;
  let server;
  let browser;

  before(async () => {
    elsewhere = await adapter();
    folder = await mkdtemp(join(tmpdir(), "convoke-e2e-"));
    const data = join(folder, "data");
    await mkdir(data, { recursive: true });
    const init = await run(CONVOKE, ["policy", "init", "--data", data]);
    assert.equal(init.code, 0, init.stderr + init.stdout);
    const settings =
      `[sign_in]\nfailures_burst = 1000\n` +
      `[policies]\nauthenticate = ["callback"]\n` +
      `[ldap.corp]\nservers = ["127.0.0.1:1"]\nbase_dn = "dc=example,dc=org"\n`;
    server = await Server.start("console-connections", settings, data);
    browser = await Browser.launch();
    const words = ["--name", "Rosa Root", "--administrator", "--password-stdin"];
    const added = await run(
      CONVOKE,
      ["account", "add", ROOT, ...words, "--data", server.data],
      `${PASSWORD}\n`,
    );
    assert.equal(added.code, 0, added.stderr + added.stdout);
  });

  after(async () => {
    assert.deepEqual(browser?.complaints, []);
    await browser?.close();
    await server?.remove();
    elsewhere?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const enter = async (page, path) => {
    await page.goto(`${server.url}/console${path}`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(ROOT);
    await form.locator("input[type=password]").fill(PASSWORD);
    await form.locator("[type=submit]").click();
    await page.locator(".console-page h1").waitFor();
  };

  const toast = (page, words) => page.locator(".toasts").getByText(words).waitFor();

  const signIn = async (page) => {
    await page.goto(server.url);
    const form = page.getByRole("region", { name: "Host a meeting" });
    await form.getByLabel("E-mail").fill("eva");
    await form.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await form.getByRole("button", { name: "Sign in" }).click();
  };

  test("an application server is tried, saved, signed in through and removed", async () => {
    const url = `http://127.0.0.1:${elsewhere.address().port}/login`;
    const page = await browser.person("rosa connects");
    await enter(page, "/integration");
    const part = page.getByRole("region", { name: "Application server" });
    await part.getByText("No application server is set.").waitFor();
    const file = page.getByRole("region", { name: "LDAP directory" });
    await file.getByText("from the settings file").waitFor();
    assert.equal(await file.getByRole("button", { name: "Change corp" }).count(), 0);

    await part.getByRole("button", { name: "Add an application server" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill("ftp://nowhere/");
    await dialog.getByLabel("Name as the person types it").fill("eva");
    await dialog.getByLabel("Password of the person").fill(PASSWORD);
    const tryIt = dialog.getByRole("button", { name: "Try it" });
    await tryIt.click();
    const address = dialog.getByLabel("Address");
    await dialog.locator(".wrong", { hasText: "must begin with" }).waitFor();
    assert.equal(await address.getAttribute("aria-invalid"), "true");
    assert.ok(await address.evaluate((field) => field === document.activeElement));
    await address.fill(url);
    await tryIt.click();
    await dialog.getByText("`allow_loopback` is not set").first().waitFor();
    await dialog.getByRole("switch", { name: "It is on the same machine" }).check();
    await tryIt.click();
    await dialog.getByText("Let in", { exact: true }).waitFor();
    assert.ok((await dialog.locator(".steps li").count()) >= 4);
    await check(page, "connection-tried");
    await browser.shoot(page, "connection-tried");

    // Nobody is let in by what was only tried.
    const eva = await browser.person("eva before");
    await signIn(eva);
    await eva.getByRole("alert").first().waitFor();
    await dialog.getByLabel("Reason").fill("Our people are known there");
    await dialog.getByRole("button", { name: "Save" }).click();
    await toast(page, "The connection is saved and in force.");
    await part.getByText("set here").waitFor();
    await signIn(eva);
    await eva.getByRole("heading", { name: "Start a meeting" }).waitFor();
    await browser.shoot(eva, "connection-signed-in");
    await eva.context().close();

    // The one that a script asks stays; another goes.
    await part.getByRole("button", { name: "Remove main" }).click();
    await dialog.getByLabel("Reason").fill("No use any more");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("The script authenticate/callback.rhai names it.").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await part.getByRole("button", { name: "Add an application server" }).click();
    await dialog.getByLabel("What it is called here").fill("spare");
    await dialog.getByLabel("Address").fill(url);
    await dialog.getByLabel("Reason").fill("For later");
    await dialog.getByRole("button", { name: "Save" }).click();
    await part.getByRole("button", { name: "Change spare" }).click();
    assert.equal(await dialog.getByLabel("Address").inputValue(), url);
    await page.keyboard.press("Escape");
    await part.getByRole("button", { name: "Remove spare" }).click();
    await dialog.getByLabel("Reason").fill("No use any more");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await toast(page, "The connection is gone.");
    await part.getByRole("button", { name: "Remove spare" }).waitFor({ state: "detached" });
    const told = await server.audit("show", "site");
    assert.match(told.stdout, /connection callback\.main was added: .*Our people are known there/);
    assert.match(told.stdout, /connection callback\.spare was removed/);
    assert.ok(!told.stdout.includes(PASSWORD), "what was typed is in no fact");
    await page.context().close();
  });

  test("a bridge's secret is shown once, and opens its door at once", async () => {
    const page = await browser.person("rosa and the bridge");
    await enter(page, "/telephone");
    const part = page.getByRole("region", { name: "Telephone bridges" });
    await part.getByText("nobody takes part by telephone").waitFor();
    await part.getByRole("button", { name: "Add a bridge" }).click();
    let dialog = page.getByRole("dialog");
    await dialog.getByLabel("What it is called here").fill("pbx");
    await dialog.getByLabel("Kind of bridge").selectOption("jitsi");
    await dialog.getByLabel("Reason").fill("Our exchange");
    await dialog.getByRole("button", { name: "Save" }).click();
    // A Jitsi bridge needs its domain: said where it belongs.
    await dialog.locator(".wrong", { hasText: "domain" }).waitFor();
    await dialog.getByLabel("Kind of bridge").selectOption("freeswitch");
    await dialog.getByRole("button", { name: "Save" }).click();
    dialog = page.getByRole("dialog", { name: "The bridge's secret" });
    await dialog.waitFor();
    const secret = (await dialog.locator("pre").first().textContent()).trim();
    assert.match(secret, /^[A-Za-z0-9_-]{43}$/);
    const lines = await dialog.locator("pre").last().textContent();
    assert.ok(lines.includes(`bridge:${secret}`) && lines.includes("/bridge/pbx/code"));
    await check(page, "bridge-secret");
    await browser.shoot(page, "bridge-secret");
    const ask = async (secret) => {
      const headers = { Authorization: `Bearer ${secret}` };
      return (await fetch(`${server.url}/bridge/pbx/code?digits=1`, { headers })).status;
    };
    assert.deepEqual([await ask(secret), await ask("x".repeat(43))], [200, 401]);
    await page.keyboard.press("Escape");
    await part.getByText(`${server.url}/bridge/pbx/code`).waitFor();
    assert.ok(!(await page.content()).includes(secret), "it is not shown again");
    await page.context().close();
  });

  test("the mail server is tried, and what fails is said step by step", async () => {
    const page = await browser.person("rosa and the mail");
    await enter(page, "/server");
    const part = page.getByRole("region", { name: "Mail server" });
    await part.getByText("No mail server is set").waitFor();
    await part.getByRole("button", { name: "Set the mail server" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Mail server", { exact: true }).fill("127.0.0.1");
    await dialog.getByLabel("Port").fill("1");
    await dialog.getByLabel("Whom letters are from").fill("Meetings <m@example.org>");
    await dialog.getByRole("switch", { name: "It is on the same machine" }).check();
    await dialog.getByRole("button", { name: "Send a test letter to me" }).click();
    await dialog.getByText("It could not be asked").waitFor();
    await dialog.locator(".steps").getByText("Address looked up").waitFor();
    await dialog.getByLabel("Reason").fill("Letters");
    await dialog.getByRole("button", { name: "Save" }).click();
    await toast(page, "The connection is saved and in force.");
    await part.getByRole("button", { name: "Remove mail" }).waitFor();
    await page.context().close();
  });

  test("in Chinese what comes of a trial is told in Chinese", async () => {
    const page = await browser.person("rosa in Chinese", { locale: "zh-CN" });
    await enter(page, "/integration");
    await page.getByRole("button", { name: "添加服务器" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("input").nth(1).fill("http://127.0.0.1:1/customer");
    const told = async (words) => {
      await dialog.getByRole("button", { name: "测试", exact: true }).click();
      await dialog.locator(".verdict").getByText(words).first().waitFor();
      const steps = await dialog.locator(".steps li").allTextContents();
      assert.ok(steps.length > 1, "every step is told");
      return steps;
    };
    for (const step of await told("127.0.0.1 就是本机")) assert.doesNotMatch(step, /[a-z]{3} [a-z]/);
    await browser.shoot(page, "connection-tried-zh");
    await dialog.getByRole("switch", { name: "它与本服务器在同一台机器上" }).check();
    await told("无法建立连接");
    await page.context().close();
  });

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`pages and forms are clean and fit: ${look}`, async () => {
      const page = await browser.person(`rosa ${look}`, options);
      await enter(page, "/integration");
      await page.locator(".connection").first().waitFor();
      const fits = async (what) => {
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(wide <= 0, `${what} is ${wide} px too wide`);
      };
      await fits("integration");
      await check(page, `connections-${look}`);
      await browser.shoot(page, `connections-${look}`);
      const add = page.locator("#ldap-title ~ div button").last();
      await add.click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: /^(More settings|更多设置)$/ }).click();
      await fits("the form");
      await check(page, `connection-form-${look}`);
      await browser.shoot(page, `connection-form-${look}`);
      await dialog.locator(".body").evaluate((body) => body.scrollTo(0, 0));
      await browser.shoot(page, `connection-form-top-${look}`);
      await page.keyboard.press("Escape");
      for (const path of ["telephone", "server"]) {
        await page.goto(`${server.url}/console/${path}`);
        await page.locator(".connection").first().waitFor();
        await fits(path);
        await check(page, `connections-${path}-${look}`);
        await browser.shoot(page, `connections-${path}-${look}`);
      }
      await page.context().close();
    });
  }
});
