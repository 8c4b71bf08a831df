// What the console does about programs: webhooks with a real receiver, and keys that open the API.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Webhook } from "standardwebhooks";

import { check } from "./harness/axe.mjs";
import { Admin } from "./harness/admin.mjs";
import { Browser } from "./harness/browser.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";
import { Sink } from "./harness/sink.mjs";
import { until } from "./harness/wait.mjs";

describe("programs in the console", () => {
  let server;
  let browser;
  let sink;
  let admin;

  before(async () => {
    sink = await Sink.reserve();
    await sink.up();
    server = await Server.start(
      "console-programs",
      `[sign_in]
failures_burst = 1000
[webhooks]
allow_http = true
allow_loopback = true
ports = [443, ${sink.port}]
retry_s = [0, 3600]
`,
    );
    admin = await Admin.of(server);
    browser = await Browser.launch();
  });

  after(async () => {
    assert.deepEqual(browser?.complaints, []);
    await browser?.close();
    await sink?.down();
    await server?.remove();
  });

  const enter = async (name, path, options = {}) => {
    const page = await browser.person(name, {
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    await page.goto(`${server.url}/console${path}`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(admin.email);
    await form.locator("input[type=password]").fill(admin.password);
    await form.locator("[type=submit]").click();
    await page.locator(".console-page h1").waitFor();
    return page;
  };

  const row = (page, words) => page.getByRole("row").filter({ hasText: words });

  const act = async (page, name, what) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: what, exact: true }).click();
    return page.getByRole("dialog");
  };

  const toast = (page, words) => page.locator(".toasts").getByText(words).waitFor();

  test("a webhook is added, tried, changed, and removed with a reason", async () => {
    const page = await enter("ada", "/webhooks");
    await page.getByText("Nobody is told of anything yet.").waitFor();
    await browser.shoot(page, "console-webhooks-none");
    const manual = await page.getByRole("link", { name: "How calls look" }).getAttribute("href");
    const read = await server.call("GET", manual);
    assert.equal(read.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.match(read.text, /^# Webhooks/);
    await page.getByRole("button", { name: "Add a webhook" }).click();
    let dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill("https://10.1.2.3/hook");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Address").fill(sink.url);
    await dialog.getByLabel("What it is for").fill("Our CRM");
    await dialog.getByLabel("All events").uncheck();
    await dialog.getByLabel("Meetings: made").check();
    await dialog.getByLabel("Single events besides").fill("chat.said, nothing.like_it");
    await check(page, "console-webhook-form");
    await browser.shoot(page, "console-webhook-form");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Single events besides").fill("chat.said");
    await dialog.getByRole("button", { name: "Add" }).click();
    const shown = page.getByRole("dialog", { name: "Its secret" });
    const secret = await shown.locator("pre").textContent();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await shown.getByRole("button", { name: "Copy the secret" }).click();
    await toast(page, "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    await check(page, "console-webhook-secret");
    await page.keyboard.press("Escape");
    await row(page, sink.url).getByText("meeting.*, chat.said").waitFor();
    assert.ok(!(await page.content()).includes(secret), "it is not shown again");

    dialog = await act(page, sink.url, "Send a test");
    await dialog.getByText("It was taken: the answer was 204.").waitFor();
    const [first] = sink.calls;
    assert.equal(new Webhook(secret).verify(first.text, first.headers).type, "webhook.test");
    sink.answer = () => 418;
    await dialog.getByRole("button", { name: "Send another test" }).click();
    await dialog.getByText("It was not taken.").waitFor();
    await dialog.getByText("it answered 418").waitFor();
    await check(page, "console-webhook-test");
    await browser.shoot(page, "console-webhook-test");
    await page.keyboard.press("Escape");

    dialog = await act(page, sink.url, "Change");
    await dialog.getByLabel("What it is for").fill("Our second CRM");
    await dialog.getByLabel("Reason").fill("There is another one");
    await dialog.getByRole("button", { name: "Save" }).click();
    await row(page, "Our second CRM").waitFor();
    dialog = await act(page, sink.url, "Give a new secret");
    await dialog.getByRole("button", { name: "Give a new secret" }).click();
    const again = page.getByRole("dialog", { name: "Its secret" });
    const next = await again.locator("pre").textContent();
    assert.notEqual(next, secret);
    await page.keyboard.press("Escape");

    // What fails is shown, is tried again when asked for, and is given up and told in the end.
    const refused = await admin.meeting("is refused");
    await until("two failures are shown", async () => {
      await page.getByRole("button", { name: "Refresh" }).click();
      return (await row(page, sink.url).textContent()).includes("failed 2 times");
    });
    await row(page, sink.url).getByText("it answered 418").waitFor();
    await row(page, sink.url).getByText("next try").waitFor();
    await check(page, "console-webhook-failing");
    await browser.shoot(page, "console-webhook-failing");
    await act(page, sink.url, "Try again now");
    await row(page, sink.url).getByText(/events? given up/).waitFor();
    sink.answer = () => 204;
    dialog = await act(page, sink.url, "1 event given up");
    await check(page, "console-webhook-dead");
    await browser.shoot(page, "console-webhook-dead");
    await dialog.getByRole("button", { name: "Tell it again" }).click();
    await dialog.getByText("It was taken").waitFor();
    await dialog.getByText("None is left.").waitFor();
    await page.keyboard.press("Escape");
    const told = sink.calls.at(-1);
    assert.equal(told.body.meeting, refused);
    assert.equal(new Webhook(next).verify(told.text, told.headers).type, told.body.type);

    dialog = await act(page, sink.url, "Switch off");
    await dialog.getByRole("button", { name: "Switch off" }).click();
    await row(page, sink.url).getByText("off", { exact: true }).waitFor();
    dialog = await act(page, sink.url, "Switch on");
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await toast(page, "The webhook is on.");
    dialog = await act(page, sink.url, "Remove");
    const go = dialog.getByRole("button", { name: "Remove" });
    await go.click();
    assert.ok(await dialog.isVisible(), "a reason is asked for");
    await dialog.getByLabel("Reason").fill("The CRM is gone");
    await go.click();
    await page.getByText("Nobody is told of anything yet.").waitFor();
    const site = await server.audit("show", "site");
    assert.match(site.stdout, /The CRM is gone/);
    for (const hidden of [secret, next])
      assert.ok(!site.stdout.includes(hidden.slice(6)), "no secret is in the log");
    await page.context().close();
  });

  test("everybody's keys are shown; one is made, opens the API, and is revoked", async () => {
    const other = { Origin: admin.origin, Cookie: (await server.makeMeeting()).cookie };
    const body = { name: "Booking", scopes: ["meetings:read"] };
    const made = await server.call("POST", "/api/v1/keys", body, other);
    assert.equal(made.status, 200, made.text);
    const page = await enter("ada at keys", "/keys");
    await row(page, "Booking").getByText(server.email).waitFor();
    await page.getByLabel("What is it for?").fill("Reports");
    await page.getByRole("switch", { name: "Read what administrators see" }).check();
    await page.getByRole("button", { name: "Make a key" }).click();
    const dialog = page.getByRole("dialog", { name: "Your new key" });
    const key = await dialog.locator("pre").textContent();
    assert.match(key, /^ck_\d+_[\w-]{43}$/);
    await check(page, "console-key-made");
    await browser.shoot(page, "console-key-made");
    await page.keyboard.press("Escape");
    await row(page, "Reports").getByText("admin:read").waitFor();
    await browser.shoot(page, "console-keys-some");
    await check(page, "console-keys-some");
    const bearer = (token) => ({ Authorization: `Bearer ${token}` });
    const asks = (token) => server.call("GET", "/api/v1/meetings", undefined, bearer(token));
    assert.equal((await asks(key)).status, 200);
    assert.equal((await asks(made.json.key)).status, 200);
    await page.getByRole("button", { name: `Revoke: Booking, ${server.email}` }).click();
    const sure = page.getByRole("dialog", { name: "Revoke “Booking”?" });
    await sure.getByText(`It acts for ${server.email}.`).waitFor();
    await sure.getByRole("button", { name: "Revoke" }).click();
    await toast(page, "opens nothing any more");
    await until("its row is gone", async () => (await row(page, "Booking").count()) === 0);
    assert.equal((await asks(made.json.key)).status, 401);
    assert.equal((await asks(key)).status, 200);
    await page.getByLabel("Which keys").selectOption("bad");
    await row(page, "Booking").getByText("revoked").waitFor();
    await page.getByLabel("Which keys").selectOption("");
    await page.getByLabel("Filter").fill("report");
    await until("one fits", async () => (await page.locator("tbody tr").count()) === 1);
    await page.context().close();
  });

  test("an auditor is offered neither page, and finds nothing on them", async () => {
    const data = ["--data", server.data];
    const words = ["eye@example.com", "--name", "Eva Eye", "--password-stdin"];
    const added = await run(CONVOKE, ["account", "add", ...words, ...data], `${admin.password}\n`);
    assert.equal(added.code, 0, added.stderr);
    const may = ["account", "set", "eye@example.com", "--privileges", "auditor", ...data];
    assert.equal((await run(CONVOKE, may)).code, 0);
    const page = await browser.person("eva");
    await page.goto(`${server.url}/console/webhooks`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill("eye@example.com");
    await form.locator("input[type=password]").fill(admin.password);
    await form.locator("[type=submit]").click();
    await page.getByText("This page is for administrators").waitFor();
    assert.equal(await page.getByRole("link", { name: "API keys" }).count(), 0);
    await page.goto(`${server.url}/console/keys`);
    await page.getByText("This page is for administrators").waitFor();
    await check(page, "console-keys-auditor");
    await page.context().close();
  });
});
