// The console as an administrator uses it: every page once, in both languages, light and dark, wide
// and on a phone; with a keyboard; and what is done there is in the log.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { check, LOOKS } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { chatOf, host, joinByLegacyUrl, press, signIn } from "./harness/room.mjs";
import { CONVOKE, run, Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const ROOT = "root@example.com";
const PASSWORD = "purple kettle moonwalk";
const PAGES = [
  "overview",
  "meetings",
  "accounts",
  "groups",
  "integration",
  "telephone",
  "publishing",
  "webhooks",
  "keys",
  "policies",
  "reports",
  "audit",
  "server",
];

const SETTINGS = `
[sign_in]
failures_burst = 1000
[ldap.corp]
servers = ["127.0.0.1:1"]
base_dn = "dc=example,dc=org"
`;

/** The cells of a workbook, as text, by another program than the one that wrote it. */
async function cellsOf(file) {
  const script = `
import sys, json, openpyxl
rows = openpyxl.load_workbook(open(sys.argv[1], "rb")).active.iter_rows(values_only=True)
print(json.dumps([["" if c is None else str(c) for c in r] for r in rows]))`;
  const done = await run("/usr/bin/python3", ["-c", script, file]);
  const needed = "openpyxl is needed (apt-get install python3-openpyxl)";
  assert.equal(done.code, 0, `${needed}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

/** The cells of comma-separated values: quoted text without line ends, or a number. */
const cellsOfCsv = (text) =>
  text
    .replace("\ufeff", "")
    .trim()
    .split("\r\n")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
        ([, quoted, plain]) => (quoted ?? plain).replaceAll('""', '"'),
      ),
    );

describe("the console", () => {
  let server;
  let browser;

  before(async () => {
    server = await Server.start("console", SETTINGS);
    browser = await Browser.launch();
    const words = ["--name", "Rosa Root", "--administrator", "--password-stdin"];
    await convoke("account", "add", ROOT, ...words);
  });

  after(async () => {
    assert.deepEqual(browser.complaints, []);
    await browser?.close();
    await server?.remove();
  });

  /** The command line, with a server running. */
  const convoke = async (...words) => {
    const done = await run(CONVOKE, [...words, "--data", server.data], `${PASSWORD}\n`);
    assert.equal(done.code, 0, done.stderr + done.stdout);
    return done.stdout;
  };

  /** Signs in where the console asks for it. */
  const enter = async (page, path = "", email = ROOT) => {
    await page.goto(`${server.url}/console${path}`);
    const form = page.locator("main form");
    await form.locator("[autocomplete=username]").fill(email);
    await form.locator("input[type=password]").fill(PASSWORD);
    await form.locator("[type=submit]").click();
    await page.locator(".console-page h1").waitFor();
  };

  const row = (page, words) => page.getByRole("row").filter({ hasText: words });

  const act = async (page, name, what) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: what, exact: true }).click();
    return page.getByRole("dialog");
  };

  const toast = (page, words) => page.locator(".toasts").getByText(words).waitFor();

  test("it is reached from the start page by who administers, and by nobody else", async () => {
    const page = await browser.person("rosa from home");
    await signIn(page, { url: server.url, email: ROOT, password: PASSWORD });
    await page.locator(".frame-top [aria-haspopup=menu]").click();
    await page.getByRole("menuitem", { name: "Console" }).click();
    await page.waitForURL(`${server.url}/console`);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.context().close();
    const other = await browser.person("no administrator");
    await signIn(other, server);
    await other.locator(".frame-top [aria-haspopup=menu]").click();
    assert.equal(await other.getByRole("menuitem", { name: "Console" }).count(), 0);
    await other.goto(`${server.url}/console/accounts`);
    await other.getByText("The console is for administrators of this server.").waitFor();
    await check(other, "console-not-yours");
    await other.context().close();
  });

  test("a meeting that goes on is looked at, spoken to, locked and ended", async () => {
    const stage = await browser.person("host");
    const id = await host(stage, server, { topic: "Budget round", password: "apple-39-tree" });
    const guest = await browser.person("guest");
    await joinByLegacyUrl(guest, server.url, { id, name: "Gil", password: "apple-39-tree" });
    await press(stage, "Share screen");
    const page = await browser.person("rosa at meetings");
    await enter(page);
    await page.getByRole("region", { name: "Going on now" }).getByText("Budget round").waitFor();
    await page.getByText("2 people").waitFor();
    await browser.shoot(page, "console-overview-live");
    await page.getByRole("link", { name: "Meetings" }).click();
    await row(page, "Budget round").getByRole("cell", { name: "2", exact: true }).waitFor();
    let dialog = await act(page, "Budget round", "Look");
    await dialog.getByText("Gil").waitFor();
    await check(page, "console-look");
    await browser.shoot(page, "console-look");
    await page.keyboard.press("Escape");
    dialog = await act(page, "Budget round", "Message to everyone");
    await dialog.getByLabel("Message", { exact: true }).fill("The server restarts at six.");
    await dialog.getByRole("button", { name: "Send" }).click();
    await toast(page, "Everybody in the meeting sees it.");
    await toast(guest, "From the administrator: The server restarts");
    for (const each of [stage, guest])
      await until("everybody has it in the chat", async () =>
        (await chatOf(each)).includes("The server restarts at six."),
      );
    dialog = await act(page, "Budget round", "Lock");
    await dialog.getByRole("button", { name: "Lock" }).click();
    await row(page, "Budget round").getByText("locked").waitFor();
    dialog = await act(page, "Budget round", "End for everyone");
    const go = dialog.getByRole("button", { name: "End for everyone" });
    await go.click();
    assert.ok(await dialog.isVisible(), "a reason is asked for");
    await dialog.getByLabel("Reason").fill("The fire alarm rings");
    await go.click();
    await guest.getByRole("heading", { name: "The meeting has ended" }).waitFor();
    await page.getByText("No meeting is going on.").waitFor();
    await browser.shoot(page, "console-meetings-none");
    // Called off, restored, given away.
    await page.getByLabel("Which meetings").selectOption("past");
    dialog = await act(page, "Budget round", "Call off");
    await dialog.getByLabel("Reason").fill("Not this year");
    await dialog.getByRole("button", { name: "Call off" }).click();
    await toast(page, "The meeting is called off.");
    await page.getByLabel("Which meetings").selectOption("cancelled");
    dialog = await act(page, "Budget round", "Restore");
    await dialog.getByRole("button", { name: "Restore" }).click();
    await toast(page, "The meeting is held after all.");
    await page.getByLabel("Which meetings").selectOption("past");
    dialog = await act(page, "Budget round", "Give to another host");
    await dialog.getByLabel("E-mail of the new host").fill(ROOT);
    await dialog.getByLabel("Reason").fill("Its host left");
    await dialog.getByRole("button", { name: "Give to another host" }).click();
    await row(page, "Budget round").getByText(ROOT).waitFor();
    const told = await server.audit("show", "site");
    for (const words of [
      /administers: meeting\.look/,
      /administers: meeting\.message/,
      /administers: meeting\.lock .*locked: false.*locked: true/,
      /administers: meeting\.end .*reason: The fire alarm rings; from: 127\.0\.0\.1/,
      /administers: meeting\.cancel .*reason: Not this year/,
      /administers: meeting\.restore/,
      /administers: meeting\.transfer .*host@example\.com.*root@example\.com.*Its host left/,
    ])
      assert.match(told.stdout, words);
    for (const each of [stage, guest, page]) await each.context().close();
  });

  test("a report tells who was there, and is taken out as a file with a reason", async () => {
    const page = await browser.person("rosa at reports");
    await enter(page, "/meetings");
    await page.getByLabel("Which meetings").selectOption("past");
    const number = await row(page, "Budget round").locator(".mono").textContent();
    await page.getByRole("link", { name: "Reports" }).click();
    await page.getByLabel("Meeting ID").fill(number);
    await page.getByRole("button", { name: "Show" }).click();
    await row(page, "Gil").getByText("attendee").waitFor();
    await page.getByText(/Sessions: 1 · entries: 2/).waitFor();
    await check(page, "console-report");
    await browser.shoot(page, "console-report");
    const takeOut = async (name) => {
      await page.getByRole("button", { name }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Reason").fill("The works council asked");
      const saving = page.waitForEvent("download");
      await dialog.getByRole("button", { name }).click();
      const file = join(server.folder, name);
      await (await saving).saveAs(file);
      return file;
    };
    const csv = await readFile(await takeOut("Take out as CSV"), "utf8");
    const lines = csv.replace("\ufeff", "").trim().split("\r\n");
    assert.match(lines[0], /^"meeting","topic","session","started","ended","name"/);
    assert.equal(lines.length, 3);
    assert.match(csv, /"Budget round",1,"\d{4}-\d\d-\d\dT[\d:]+Z",.*"Gil","attendee"/);
    const xlsx = await readFile(await takeOut("Take out as XLSX"));
    assert.equal(xlsx.subarray(0, 2).toString(), "PK");
    // What was held, and what was shown: the page and both files say the same.
    for (const [about, words, head] of [
      ["sessions", "2, at most 2 at once", '"recorded_bytes"'],
      ["recordings", "Meetings pass no files on.", '"codec"'],
    ]) {
      await page.getByLabel("About").selectOption(about);
      await page.getByRole("button", { name: "Show" }).click();
      await page.getByText(words).waitFor();
      await check(page, `console-report-${about}`);
      await browser.shoot(page, `console-report-${about}`);
      const shown = await page.locator("tbody tr").count();
      // The host's screen is in the recording.
      if (about === "recordings") await row(page, "screen").getByText(/^\d[\d.]* [kM]B$/).waitFor();
      const held = await readFile(await takeOut("Take out as CSV"), "utf8");
      assert.ok(held.split("\r\n")[0].includes(head), held);
      assert.equal(held.trim().split("\r\n").length, shown + 1, held);
      assert.deepEqual(await cellsOf(await takeOut("Take out as XLSX")), cellsOfCsv(held));
    }
    await page.getByLabel("About").selectOption("attendance");
    // Of an account: what it attended, wherever.
    await page.getByLabel("Report of").selectOption("account");
    await page.getByLabel("E-mail of the account").fill(server.email);
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText(/Sessions: 1 · entries: 1/).waitFor();
    await page.getByLabel("E-mail of the account").fill("nobody@example.com");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByRole("alert").getByText("No account has this e-mail address").waitFor();
    const told = await server.audit("show", "site");
    assert.match(told.stdout, /administers: report\.read on meeting/);
    assert.match(told.stdout, /administers: report\.export .*csv.*The works council asked/);
    await page.context().close();
  });

  test("an account is added, changed and switched off; a group is made", async () => {
    const page = await browser.person("rosa at accounts");
    await enter(page, "/groups");
    await page.getByText("There are no groups yet.").waitFor();
    await page.getByRole("button", { name: "Add a group" }).click();
    let dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Staff");
    await dialog.getByLabel("Host webinars").check();
    await dialog.getByRole("button", { name: "Add" }).click();
    await row(page, "Staff").getByText("Host webinars").waitFor();
    await page.getByRole("link", { name: "Accounts" }).click();
    await page.getByRole("button", { name: "Add an account" }).click();
    dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Mia Wong");
    await dialog.getByLabel("E-mail").fill("mia@example.com");
    await dialog.getByRole("button", { name: "Add" }).click();
    const link = (await page.locator("dialog pre").textContent()).trim();
    assert.match(link, /\/reset#\d+\.[\w-]{43}$/);
    await check(page, "console-link");
    await page.keyboard.press("Escape");
    const mia = await browser.person("mia");
    await mia.goto(link);
    await mia.getByLabel("New password").fill(PASSWORD);
    await mia.getByRole("button", { name: "Set the password" }).click();
    await mia.getByText("Your new password is in force.").waitFor();
    dialog = await act(page, "Mia Wong", "Change");
    await dialog.getByLabel("Staff").check();
    await dialog.getByLabel("Name").fill("Mia Wong-Berg");
    await dialog.getByLabel("Reason").fill("Joined the staff");
    await check(page, "console-account");
    await browser.shoot(page, "console-account");
    await dialog.getByRole("button", { name: "Save" }).click();
    await row(page, "Mia Wong-Berg").getByText("Staff").waitFor();
    await page.getByLabel("Filter").fill("wong");
    await page.getByText("1 entry").waitFor();
    await signIn(mia, { url: server.url, email: "mia@example.com", password: PASSWORD });
    dialog = await act(page, "Mia Wong-Berg", "Switch off");
    await dialog.getByLabel("Reason").fill("Left the house");
    await dialog.getByRole("button", { name: "Switch off" }).click();
    await row(page, "Mia Wong-Berg").getByText("off", { exact: true }).waitFor();
    await mia.reload();
    await mia.getByRole("region", { name: "Host a meeting" }).waitFor();
    await page.getByLabel("Filter").fill("nobody like this");
    await page.getByText("Nothing fits this filter.").waitFor();
    // The one who is left over administers: that cannot be taken away.
    await page.getByLabel("Filter").fill("rosa");
    dialog = await act(page, "Rosa Root", "Switch off");
    await dialog.getByLabel("Reason").fill("On purpose");
    await dialog.getByRole("button", { name: "Switch off" }).click();
    await dialog.getByText("This is the last administrator of this server.").waitFor();
    for (const each of [page, mia]) await each.context().close();
  });

  test("many accounts are sorted and paged by the server, with the keyboard alone", async () => {
    const page = await browser.person("rosa at the keyboard");
    await enter(page, "/accounts");
    const origin = { Origin: `http://127.0.0.1:${server.port}` };
    const signed = await server.call(
      "POST",
      "/api/v1/sign-in",
      { email: ROOT, password: PASSWORD },
      origin,
    );
    const cookie = signed.headers.get("set-cookie").split(";")[0];
    for (let n = 10; n < 40; n += 1) {
      const body = { email: `many${n}@example.com`, name: `Many ${n}` };
      const headers = { ...origin, Cookie: cookie };
      const added = await server.call("POST", "/api/v1/admin/accounts", body, headers);
      assert.equal(added.status, 200, added.text);
    }
    await page.getByLabel("Filter").focus();
    await page.keyboard.type("many");
    await page.getByText("30 entries").waitFor();
    const first = () => page.locator("tbody tr").first().textContent();
    assert.match(await first(), /Many 10/);
    await page.getByRole("columnheader", { name: "E-mail" }).getByRole("button").focus();
    await page.keyboard.press("Enter");
    await page.locator("th[aria-sort=ascending]", { hasText: "E-mail" }).waitFor();
    await page.keyboard.press("Enter");
    await until("the last comes first", async () => (await first()).includes("Many 39"));
    await page.getByRole("button", { name: "Next page" }).focus();
    await page.keyboard.press("Enter");
    await until("the second page is shown", async () => (await first()).includes("Many 14"));
    await page.getByRole("button", { name: "Previous page" }).focus();
    await page.keyboard.press("Enter");
    await until("the first page is back", async () => (await first()).includes("Many 39"));
    await page.context().close();
  });

  test("settings are set, and the pages of the server show them", async () => {
    const page = await browser.person("rosa at settings");
    await enter(page, "/integration");
    const code = page.getByRole("region", { name: "Integration code" });
    await code.getByText("No code is set").waitFor();
    await code.getByRole("button", { name: "Set the code" }).click();
    let dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Draw one" }).click();
    const drawn = await dialog.getByLabel("New code").inputValue();
    assert.match(drawn, /^[a-z2-9]{24}$/);
    await dialog.getByLabel("Reason").fill("For the booking system");
    await dialog.getByRole("button", { name: "Set the code" }).click();
    await code.getByText("A code is set.").waitFor();
    // A directory that nobody answers at is tried, step by step.
    await page.getByRole("button", { name: "Try it: corp" }).click();
    dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name as the person types it").fill("ann");
    await dialog.getByRole("button", { name: "Try it" }).click();
    await dialog.getByText("It could not be asked").waitFor();
    assert.ok((await dialog.locator(".steps li").count()) > 0);
    await check(page, "console-try");
    await browser.shoot(page, "console-try");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Telephone" }).click();
    await page.getByRole("button", { name: "Add a number" }).click();
    await page.getByLabel("Number", { exact: true }).fill("+49 30 1234567");
    await page.getByLabel("Country").fill("de");
    await page.getByRole("switch", { name: "Free to call" }).check();
    await page.getByRole("switch", { name: "A meeting's ID is its access code" }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await toast(page, "Saved");
    await page.reload();
    await until("the number is kept", async () => {
      const number = await page.getByLabel("Number", { exact: true }).inputValue();
      const country = await page.getByLabel("Country").inputValue();
      return number === "+49 30 1234567" && country === "DE";
    });
    await page.getByRole("link", { name: "Public lists" }).click();
    await page.getByText(`${server.url}/as/public/meetings.atom`).waitFor();
    await page.getByLabel("Pages that may show").fill("https://www.example.org\nnonsense");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Pages that may show").fill("https://www.example.org");
    await page.getByRole("button", { name: "Save" }).click();
    await toast(page, "Saved");
    await page.getByRole("link", { name: "Server" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Acme Meetings");
    await page.getByLabel("Words on the start page").fill("Welcome to Acme.");
    await page.getByRole("switch", { name: "Use a colour of your own" }).check();
    await page.getByLabel("Colour", { exact: true }).fill("#ffcc00");
    const branding = page.getByRole("region", { name: "Appearance" });
    await branding.getByRole("button", { name: "Save" }).click();
    await page.locator(".brand", { hasText: "Acme Meetings" }).waitFor();
    const stranger = await browser.person("a stranger");
    await stranger.goto(server.url);
    await stranger.getByText("Welcome to Acme.").waitFor();
    assert.equal(await stranger.title(), "Acme Meetings");
    await check(stranger, "console-branded");
    await browser.shoot(stranger, "console-branded");
    await stranger.context().close();
    const told = await server.audit("show", "site");
    assert.match(told.stdout, /administers: settings\.integration_code .*For the booking system/);
    assert.match(told.stdout, /administers: settings\.change .*Acme Meetings/);
    assert.match(told.stdout, /administers: integration\.try .*ldap\.corp/);
    assert.ok(!told.stdout.includes(drawn), "the code is in no fact");
    // The name and the colour of before.
    await page.getByLabel("Name", { exact: true }).fill("");
    await page.getByLabel("Words on the start page").fill("");
    await page.getByRole("switch", { name: "Use a colour of your own" }).uncheck();
    await branding.getByRole("button", { name: "Save" }).click();
    await page.locator(".brand", { hasText: "Convoke" }).waitFor();
    await page.context().close();
  });

  test("an auditor looks over all of it and is offered no change", async () => {
    await convoke("account", "add", "eye@example.com", "--name", "Eva Eye", "--password-stdin");
    await convoke("account", "set", "eye@example.com", "--privileges", "auditor");
    const page = await browser.person("eva");
    await enter(page, "/audit", "eye@example.com");
    const facts = page.locator(".facts");
    await facts.getByText("changed the integration code").waitFor();
    await facts.getByText("For the booking system").first().waitFor();
    await page.getByLabel("Filter").fill("fire alarm");
    await until("one is left", async () => (await facts.locator("li").count()) === 1);
    await page.getByLabel("Filter").fill("");
    await page.getByLabel("What about").selectOption("alarms");
    await facts.getByText("alarm.new_administrator").waitFor();
    await page.getByLabel("Until").fill("2020-01-01T00:00");
    await page.getByText("Nothing fits.").waitFor();
    await page.getByRole("link", { name: "Accounts" }).click();
    await page.getByLabel("Filter").fill("rosa");
    await row(page, "Rosa Root").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add an account" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: /^Actions for/ }).count(), 0);
    await page.getByRole("link", { name: "Server" }).click();
    await page.getByRole("region", { name: "System" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Save" }).count(), 0);
    await page.context().close();
  });

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`every page reads well and axe finds nothing: ${look}`, async () => {
      const page = await browser.person(look, options);
      await page.goto(`${server.url}/console`);
      await page.locator("main form").waitFor();
      await check(page, `console-sign-in-${look}`);
      await enter(page);
      for (const name of PAGES) {
        await page.goto(`${server.url}/console/${name}`);
        await page.locator(".console-page h1").waitFor();
        await page.locator(".table, .table-empty, .figures, .card").first().waitFor();
        if (name === "meetings") await page.locator("select").first().selectOption("past");
        await page.waitForLoadState("networkidle").catch(() => {});
        await check(page, `console-${name}-${look}`);
        await browser.shoot(page, `console-${name}-${look}`);
        const size = await page.evaluate(() => ({
          inner: document.documentElement.clientWidth,
          outer: document.documentElement.scrollWidth,
        }));
        assert.ok(size.outer <= size.inner, `${name} scrolls sideways on ${look}`);
      }
      await page.context().close();
    });
  }
});
