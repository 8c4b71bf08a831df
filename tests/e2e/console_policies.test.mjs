// The operator's scripts in the console: versions, their texts, what was decided and why, and the
// way back to an earlier version.
import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const ROOT = "root@example.com";
const PASSWORD = "purple kettle moonwalk";

describe("policies in the console", () => {
  let folder;
  let data;
  let server;
  let browser;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "convoke-e2e-"));
    data = join(folder, "data");
    await mkdir(data, { recursive: true });
    const init = await run(CONVOKE, ["policy", "init", "--data", data]);
    assert.equal(init.code, 0, init.stderr + init.stdout);
    const settings = `[policies]\nauthenticate = ["local"]\nrecord = ["everything"]\n`;
    server = await Server.start("console-policies", settings, data);
    browser = await Browser.launch();
    const words = ["account", "add", ROOT, "--administrator", "--password-stdin", "--data", data];
    const added = await run(CONVOKE, words, `${PASSWORD}\n`);
    assert.equal(added.code, 0, added.stderr + added.stdout);
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("versions are told, decisions explained, an earlier one is brought back", async () => {
    const page = await browser.person("root");
    await page.goto(`${server.url}/console/policies`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(ROOT);
    await form.locator("input[type=password]").fill(PASSWORD);
    await form.locator("[type=submit]").click();
    const now = page.getByRole("region", { name: "What answers now" });
    await now.getByText("Version 1").waitFor();
    await now.getByRole("button", { name: "Show record/everything" }).click();
    await page.getByRole("dialog").getByText("fn record(question)").waitFor();
    await page.keyboard.press("Escape");
    const decisions = page.getByRole("region", { name: "Decisions" });
    const first = decisions.locator("li").first();
    await first.getByText("authenticate: {").waitFor();
    await first.getByText("Why").click();
    await first.getByText("authenticate/local.rhai").waitFor();
    await check(page, "console-policies-decided");
    await browser.shoot(page, "console-policies-decided");
    await decisions.getByRole("switch").check();
    await decisions.getByText("No decision of a script is here yet.").waitFor();
    await appendFile(join(data, "scripts/record/everything.rhai"), "\n// Another version.\n");
    const versions = page.getByRole("region", { name: "Versions" });
    for (let tries = 0; tries < 60; tries += 1) {
      await page.reload();
      await now.getByText(/Version \d/).waitFor();
      if ((await now.getByText("Version 2").count()) > 0) break;
      await page.waitForTimeout(500);
    }
    await versions.getByRole("button", { name: "Bring back: version 1" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("The new one was a mistake");
    await dialog.getByRole("button", { name: "Bring back" }).click();
    // What is brought back is a version of its own.
    await now.getByText("Version 3").waitFor();
    const told = await server.audit("show", "site");
    assert.match(told.stdout, /administers: policy\.rollback .*version: 2.*version: 3.*a mistake/);
    await page.context().close();
  });

  test("files that are refused are told with the place, until they are good again", async () => {
    const file = join(data, "scripts/record/everything.rhai");
    const good = await readFile(file, "utf8");
    const status = async () => (await run(CONVOKE, ["policy", "status", "--data", data])).stdout;
    const page = await browser.person("root again");
    await page.goto(`${server.url}/console/policies`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(ROOT);
    await form.locator("input[type=password]").fill(PASSWORD);
    await form.locator("[type=submit]").click();
    const now = page.getByRole("region", { name: "What answers now" });
    await now.getByText("Version 3").waitFor();
    assert.equal(await now.getByRole("alert").count(), 0);
    await writeFile(file, "fn record(question) { refuse( }\n");
    const why = /were refused: record\/everything\.rhai: line 1/;
    await until("the command tells it", async () => why.test(await status()));
    await page.reload();
    await now.getByText(/record\/everything\.rhai: line 1/).waitFor();
    await now.getByText("Version 3").waitFor();
    await check(page, "console-policies-refused");
    await browser.shoot(page, "console-policies-refused");
    await writeFile(file, `${good}// Good again.\n`);
    await until("nothing is refused", async () => !/refused/.test(await status()));
    await page.context().close();
  });
});
