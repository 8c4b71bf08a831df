// One's own account as people use it: profile, password, an authenticator app, sign-ins, a lost
// password; with the keyboard alone, in both languages, light and dark, wide and on a phone.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { chatOf, host, known, say } from "./harness/room.mjs";
import { CONVOKE, OUT, run, Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const NEXT = "silver lantern harbour";

/** What an app shows that was given this key (RFC 6238), `steps` half minutes from now. */
function codeOf(key, steps = 0) {
  let bits = "";
  for (const letter of key) bits += LETTERS.indexOf(letter).toString(2).padStart(5, "0");
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac("sha1", bytes).update(counter).digest();
  const at = tag[19] & 0x0f;
  return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A code that no step around now has. */
function wrongCode(key) {
  const near = [-2, -1, 0, 1, 2].map((steps) => codeOf(key, steps));
  return ["000000", "000001", "000002", "000003", "000004", "000005"].find(
    (code) => !near.includes(code),
  );
}

const ADDED = "purple kettle moonwalk";

describe("the account page", () => {
  let server;
  let browser;

  before(async () => {
    const settings = "[sign_in]\nfailures_burst = 1000\n";
    server = await Server.start("account", settings);
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  /** The command line, with a server running. */
  const convoke = async (...words) => {
    const done = await run(CONVOKE, [...words, "--data", server.data], `${ADDED}\n`);
    assert.equal(done.code, 0, done.stderr + done.stdout);
    return done.stdout;
  };

  const add = (email, name) =>
    convoke("account", "add", email, "--name", name, "--password-stdin");

  /** Signs in on the account page, which asks for it. */
  const signIn = async (page, email, password) => {
    await page.goto(`${server.url}/account`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(email);
    await form.locator("input[type=password]").fill(password);
    await form.locator("[type=submit]").click();
  };

  const part = (page, name) => page.getByRole("region", { name });

  test("the profile: name, time zone, and what the account covers", async () => {
    await add("mia@example.com", "Mia");
    const page = await browser.person("mia");
    await signIn(page, "mia@example.com", ADDED);
    const profile = part(page, "Profile");
    await profile.getByText("mia@example.com").waitFor();
    await profile.getByText("Record your meetings").waitFor();
    assert.equal(await profile.getByText("Administer the server").count(), 0);
    await profile.getByLabel("Your name").fill("Mia Wong");
    await profile.getByLabel("Time zone").selectOption("Asia/Shanghai");
    await profile.getByRole("button", { name: "Save" }).click();
    await page.getByRole("status").getByText("Saved").waitFor();
    await page.locator(".account-name", { hasText: "Mia Wong" }).waitFor();
    await page.reload();
    await until("both are kept", async () => {
      const zone = await profile.getByLabel("Time zone").inputValue();
      const name = await profile.getByLabel("Your name").inputValue();
      return zone === "Asia/Shanghai" && name === "Mia Wong";
    });
    // What an operator takes away is gone from the start page too.
    await convoke("account", "set", "mia@example.com", "--privileges", "video_conference,chat");
    await page.goto(server.url);
    await page.getByText("Video conference").first().waitFor();
    assert.equal(await page.getByText("Interactive meeting").count(), 0);
    await convoke("account", "set", "mia@example.com", "--privileges", "none");
    await page.reload();
    await page.getByText("Your account does not cover hosting meetings").waitFor();
    await page.context().close();
  });

  test("the password: the old one is asked for, and other browsers are signed out", async () => {
    await add("pia@example.com", "Pia");
    const page = await browser.person("pia");
    const other = await browser.person("pia elsewhere");
    await signIn(page, "pia@example.com", ADDED);
    await signIn(other, "pia@example.com", ADDED);
    await part(other, "Password").waitFor();
    const form = part(page, "Password");
    const change = async (old, next) => {
      await form.getByLabel("Current password").fill(old);
      await form.getByLabel("New password").fill(next);
      await form.getByRole("button", { name: "Change password" }).click();
    };
    await change("wrong", NEXT);
    await form.getByRole("alert").getByText("That is not your current password.").waitFor();
    await change(ADDED, "short");
    await form.getByRole("alert").getByText("at least 15 characters").waitFor();
    await change(ADDED, NEXT);
    await page.getByRole("status").getByText("Your password is changed.").waitFor();
    await other.reload();
    await other.getByRole("heading", { name: "Sign in to your account" }).waitFor();
    await page.reload();
    await part(page, "Profile").waitFor();
    await signIn(other, "pia@example.com", ADDED);
    await other.getByRole("alert").waitFor();
    await signIn(other, "pia@example.com", NEXT);
    await part(other, "Profile").waitFor();
    await Promise.all([page.context().close(), other.context().close()]);
  });

  test("an app is set up with the keyboard alone, asked for at sign-in, turned off", async () => {
    await add("kim@example.com", "Kim");
    const page = await browser.person("kim");
    await signIn(page, "kim@example.com", ADDED);
    const codes = part(page, "Sign-in codes");
    await codes.getByRole("button", { name: "Set up an app" }).focus();
    await page.keyboard.press("Enter");
    await codes.locator("input[type=password]:focus").waitFor();
    await page.keyboard.type(ADDED);
    await page.keyboard.press("Enter");
    const key = (await codes.locator(".key").textContent()).replaceAll(" ", "");
    const link = await codes.getByRole("link", { name: "Open in an app here" });
    assert.match(await link.getAttribute("href"), new RegExp(`secret=${key}&issuer=Convoke$`));
    assert.ok((await codes.locator(".qr path").getAttribute("d")).length > 1000);
    await codes.locator("[autocomplete=one-time-code]:focus").waitFor();
    await page.keyboard.type(wrongCode(key));
    await page.keyboard.press("Enter");
    await codes.getByRole("alert").getByText("That code is not right").waitFor();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(codeOf(key));
    await page.keyboard.press("Enter");
    const recovery = codes.getByRole("list", { name: "Recovery codes" });
    await recovery.getByRole("listitem").first().waitFor();
    const kept = await recovery.getByRole("listitem").allTextContents();
    assert.equal(kept.length, 10);
    await codes.locator("button:focus", { hasText: "I have kept them" }).waitFor();
    await page.keyboard.press("Enter");
    await codes.getByText("10 recovery codes are left.").waitFor();
    const other = await browser.person("kim elsewhere");
    await signIn(other, "kim@example.com", ADDED);
    await other.getByLabel("Code", { exact: true }).waitFor();
    assert.equal((await other.context().cookies()).filter((c) => c.name === "sid").length, 0);
    await other.locator("[autocomplete=one-time-code]:focus").waitFor();
    await other.keyboard.type(codeOf(key));
    await other.keyboard.press("Enter");
    // The code that turned codes on was used up by it.
    await other.getByRole("alert").getByText("That code is not right").waitFor();
    await other.getByLabel("Code", { exact: true }).fill(codeOf(key, 1));
    await other.keyboard.press("Enter");
    await part(other, "Profile").waitFor();
    const third = await browser.person("kim without the phone");
    await signIn(third, "kim@example.com", ADDED);
    await third.getByLabel("Code", { exact: true }).fill(kept[0].toUpperCase());
    await third.keyboard.press("Enter");
    const thirdCodes = part(third, "Sign-in codes");
    await thirdCodes.getByText("9 recovery codes are left.").waitFor();
    await thirdCodes.getByRole("button", { name: "Turn codes off" }).click();
    await thirdCodes.getByLabel("Current password").fill(ADDED);
    await thirdCodes.getByLabel("Code", { exact: true }).fill(kept[1]);
    await thirdCodes.getByRole("button", { name: "Turn codes off" }).click();
    await thirdCodes.getByRole("button", { name: "Set up an app" }).waitFor();
    await signIn(other, "kim@example.com", ADDED);
    await part(other, "Profile").waitFor();
    for (const each of [page, other, third]) await each.context().close();
  });

  test("sign-ins are listed and ended one by one or all at once", async () => {
    await add("leo@example.com", "Leo");
    const pages = [];
    for (const name of ["leo", "leo 2", "leo 3", "leo 4"]) {
      const page = await browser.person(name);
      await signIn(page, "leo@example.com", ADDED);
      await part(page, "Where you are signed in").locator("li").first().waitFor();
      pages.push(page);
    }
    const [page, second] = pages;
    await page.reload();
    const list = part(page, "Where you are signed in");
    await until("four are listed", async () => (await list.locator("li").count()) === 4);
    assert.match(await list.locator("li").first().textContent(), /Chrome · Linux.*This browser/);
    await list.locator("li").nth(1).getByRole("button").click();
    await until("three are left", async () => (await list.locator("li").count()) === 3);
    await list.getByRole("button", { name: "Sign out everywhere else" }).click();
    await until("one is left", async () => (await list.locator("li").count()) === 1);
    await second.reload();
    await second.getByRole("heading", { name: "Sign in to your account" }).waitFor();
    for (const each of pages) await each.context().close();
  });

  test("a key is made, acts for the account, is shown once, and is dead when revoked", async () => {
    await add("kai@example.com", "Kai");
    const page = await browser.person("kai");
    await signIn(page, "kai@example.com", ADDED);
    const keys = part(page, "Keys for programs");
    await keys.getByText("There is no key.").waitFor();
    await keys.getByLabel("What is it for?").fill("Our CRM");
    assert.equal(await keys.getByText("Do what administrators do").count(), 0);
    await keys.getByRole("button", { name: "Make a key" }).click();
    const dialog = page.getByRole("dialog", { name: "Your new key" });
    const key = (await dialog.locator("pre").innerText()).trim();
    assert.match(key, /^ck_\d+_[\w-]{43}$/);
    await page.keyboard.press("Escape");
    await keys.getByText("meetings:read meetings:write").waitFor();
    assert.ok(!(await page.content()).includes(key), "it is shown once");
    const call = (method, body) =>
      fetch(`${server.url}/api/v1/meetings`, {
        method,
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body,
      });
    const planned = await call("POST", JSON.stringify({ type: 0, topic: "By the CRM" }));
    assert.equal(planned.status, 200, await planned.text());
    await browser.shoot(page, "account-keys");
    await keys.getByRole("button", { name: "Revoke: Our CRM" }).click();
    const sure = page.getByRole("dialog", { name: /Revoke/ });
    await sure.getByRole("button", { name: "Revoke" }).click();
    await keys.getByText("There is no key.").waitFor();
    assert.equal((await call("GET")).status, 401);
    await page.context().close();
  });

  test("who lost the password gets a link from the administrator, and it works once", async () => {
    await add("zoe@example.com", "Zoe");
    const page = await browser.person("zoe");
    await page.goto(server.url);
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await page.getByText("This server sends no e-mail.").waitFor();
    const printed = await convoke("account", "reset", "zoe@example.com");
    const link = /https?:\S+\/reset#\S+/.exec(printed)?.[0];
    assert.ok(link, printed);
    await page.goto(link);
    await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
    assert.ok(!page.url().includes("#"), "the token has left the address");
    await page.getByLabel("New password").fill("short");
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("alert").getByText("at least 15 characters").waitFor();
    await page.getByLabel("New password").fill(NEXT);
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByText("Your new password is in force.").waitFor();
    await signIn(page, "zoe@example.com", NEXT);
    await part(page, "Profile").waitFor();
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByLabel("New password").fill(ADDED);
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("alert").getByText("used already or has expired").waitFor();
    await page.context().close();
  });

  test("what the host's account does not cover, the meeting does not have", async () => {
    const page = await browser.person("host without chat");
    const words = ["--privileges", "interactive_meeting"];
    await convoke("account", "set", server.email, ...words);
    await host(page, server, { topic: "Quiet" });
    assert.equal((await known(page)).recording, false);
    await say(page, "hello?");
    await page.locator(".line.failed").waitFor();
    assert.deepEqual(await chatOf(page), []);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Turn recording on" }).click();
    await page.getByText("The host's account does not cover that.").first().waitFor();
    assert.equal((await known(page)).recording, false);
    await convoke("account", "set", server.email, "--privileges", "everyday");
    await page.context().close();
  });

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`it reads well and axe finds nothing: ${look}`, async () => {
      const email = `${look}@example.com`;
      await add(email, options.locale === "zh-CN" ? "王小明" : "Alexandra Fischer");
      const page = await browser.person(look, options);
      const lookAt = async (name) => {
        await check(page, `${name}-${look}`);
        await page.evaluate(() => scrollTo(0, 0));
        await browser.shoot(page, `${name}-${look}`);
        const size = await page.evaluate(() => ({
          inner: document.documentElement.clientWidth,
          outer: document.documentElement.scrollWidth,
        }));
        assert.ok(size.outer <= size.inner, `${name} scrolls sideways on ${look}`);
      };
      await page.goto(`${server.url}/account`);
      await page.getByRole("heading").first().waitFor();
      await lookAt("account-sign-in");
      await signIn(page, email, ADDED);
      await page.locator(".sign-ins li").first().waitFor();
      await lookAt("account");
      const codes = page.locator("section[aria-labelledby=codes-title]");
      await codes.locator(".btn.primary").click();
      await codes.locator("input[type=password]").fill(ADDED);
      await codes.locator("[type=submit]").click();
      const key = (await codes.locator(".key").textContent()).replaceAll(" ", "");
      await codes.scrollIntoViewIfNeeded();
      await check(page, `account-scan-${look}`);
      await codes.screenshot({ path: join(OUT, `account-scan-${look}.png`) });
      await codes.locator("input").fill(codeOf(key));
      await codes.locator("[type=submit]").click();
      await codes.locator(".recovery").waitFor();
      await check(page, `account-recovery-${look}`);
      await codes.screenshot({ path: join(OUT, `account-recovery-${look}.png`) });
      await codes.locator(".btn.primary").click();
      await codes.locator(".tag.accent").waitFor();
      await lookAt("account-codes-on");
      await page.context().clearCookies();
      await signIn(page, email, ADDED);
      await page.locator("[autocomplete=one-time-code]").waitFor();
      await lookAt("account-code");
      await page.goto(`${server.url}/reset`);
      await page.getByRole("heading").first().waitFor();
      await lookAt("reset");
      const printed = await convoke("account", "reset", email);
      await page.goto(/https?:\S+\/reset#\S+/.exec(printed)[0]);
      await page.locator("input[type=password]").waitFor();
      await lookAt("reset-link");
      await page.locator("input[type=password]").fill(NEXT);
      await page.locator("[type=submit]").click();
      await page.locator("[role=status] .notice").waitFor();
      await lookAt("reset-done");
      await page.context().close();
    });
  }
});

describe("where administrators need codes", () => {
  test("one who has none finds only the way to set them up", async () => {
    const settings = "[sign_in]\nadministrators_need_codes = true\n";
    const server = await Server.start("need-codes", settings);
    const browser = await Browser.launch();
    try {
      const words = ["account", "add", "root@example.com", "--administrator", "--password-stdin"];
      const added = await run(CONVOKE, [...words, "--data", server.data], `${ADDED}\n`);
      assert.equal(added.code, 0, added.stderr + added.stdout);
      const page = await browser.person("root");
      await page.goto(server.url);
      const form = page.getByRole("region", { name: "Host a meeting" });
      await form.getByLabel("E-mail").fill("root@example.com");
      await form.getByLabel("Password", { exact: true }).fill(ADDED);
      await form.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(`${server.url}/account`);
      await page.getByText("Administrators of this server sign in with a code.").waitFor();
      await check(page, "account-required");
      await browser.shoot(page, "account-required");
      const codes = page.getByRole("region", { name: "Sign-in codes" });
      await codes.getByRole("button", { name: "Set up an app" }).click();
      await codes.getByLabel("Current password").fill(ADDED);
      await codes.getByRole("button", { name: "Next" }).click();
      const key = (await codes.locator(".key").textContent()).replaceAll(" ", "");
      await codes.getByLabel("Code that the app shows").fill(codeOf(key));
      await codes.getByRole("button", { name: "Turn codes on" }).click();
      await codes.getByRole("button", { name: "I have kept them" }).click();
      await page.getByRole("link", { name: "Back to the start page" }).click();
      await page.getByRole("heading", { name: "Start a meeting" }).waitFor();
      // Everything of it is in the log, in words, and the alarm is loud.
      const told = await server.audit("show", "site");
      for (const words of [/ALARM: .* may administer the server/, /signs in with codes/]) {
        assert.match(told.stdout, words);
      }
      assert.deepEqual(browser.complaints, []);
    } finally {
      await browser.close();
      await server.remove();
    }
  });
});
