// A caller among people with browsers: a telephone bridge asks, reports and obeys by its own calls,
// while the host sees the caller in the list, mutes them and removes them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { Admin } from "./harness/admin.mjs";
import { check } from "./harness/axe.mjs";
import { Browser } from "./harness/browser.mjs";
import { act, end, host, known, openPeople } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const SECRET = randomBytes(18).toString("base64url");
const CALLER = "+49301234567";
const OTHER = "+49307654321";

describe("callers by telephone", () => {
  let server;
  let browser;
  let page;
  let id;

  /** What the bridge says of its call, and what it is told. */
  const bridge = async (path, body) => {
    const headers = { Authorization: `Bearer ${SECRET}` };
    const answer = await server.call("POST", `/bridge/pbx/${path}`, body, headers);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  };

  /** A call by the meeting's id, which is no secret: it waits in the lobby. */
  const dial = async (call, caller) => {
    const asked = { call, caller, called: "+49305550100", digits: id };
    return bridge("code", asked);
  };

  before(async () => {
    const settings = `[bridge.pbx]\ndialect = "json"\nsecret = "${SECRET}"\n`;
    server = await Server.start("telephone", settings);
    const admin = await Admin.of(server);
    const telephone = { numbers: [], meeting_id_is_code: true, draw_codes: false };
    await admin.ok("POST", "/api/v1/admin/settings", {
      part: { telephone },
      reason: "People call",
    });
    browser = await Browser.launch();
    page = await browser.person("host");
    id = await host(page, server, { topic: "By telephone" });
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("a caller waits, is let in, is seen with a mark, muted and removed", async () => {
    const accepted = await dial("c-1", CALLER);
    assert.equal(accepted.verdict, "accept");
    assert.equal((await bridge("calls/c-1", { event: "joined" })).place, "lobby");
    const list = await openPeople(page);
    await list
      .getByRole("button", { name: /^Let in/ })
      .first()
      .click();
    await until(
      "the bridge hears of it",
      async () => (await bridge("calls/c-1", {})).place === "here",
    );
    const row = list.getByRole("listitem").filter({ hasText: "567" });
    await row.getByText("On the telephone").waitFor({ state: "attached" });
    const { people } = await known(page);
    const caller = people.find((one) => one.name.endsWith("567"));
    assert.ok(caller, JSON.stringify(people));
    assert.ok(!JSON.stringify(people).includes(CALLER), "the whole number is for auditors alone");
    await check(page, "telephone-caller");
    await browser.shoot(page, "telephone-caller");

    await act(page, caller.name, "Mute");
    await until("the bridge is to mute", async () => (await bridge("calls/c-1", {})).wanted.muted);
    await act(page, caller.name, "Allow to speak");
    await until("and not any more", async () => !(await bridge("calls/c-1", {})).wanted.muted);

    // Somebody presses the mute key of their telephone: everybody sees it.
    await bridge("calls/c-1", { event: "muted" });
    await row.getByText("Microphone off").waitFor({ state: "attached" });

    await act(page, caller.name, "Remove from meeting");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Remove/ })
      .click();
    await until("the bridge hangs up", async () => (await bridge("calls/c-1", {})).wanted.removed);
    await until("the list is without them", async () => (await row.count()) === 0);
  });

  test("who hangs up is gone, and the log tells of the call", async () => {
    // Who was removed does not come back into this session, by no call.
    await dial("c-1-again", CALLER);
    assert.equal((await bridge("calls/c-1-again", { event: "joined" })).place, "gone");
    await dial("c-2", OTHER);
    await bridge("calls/c-2", { event: "joined" });
    const list = await openPeople(page);
    await list
      .getByRole("button", { name: /^Let in/ })
      .first()
      .click();
    await until("they are in", async () => (await bridge("calls/c-2", {})).place === "here");
    await bridge("calls/c-2", { event: "left" });
    await until(
      "they are gone",
      async () => !(await known(page)).people.some((one) => one.name.endsWith("321")),
    );
    await end(page);
    const told = await server.audit("show", id);
    assert.equal(told.code, 0, told.stderr);
    for (const caller of [CALLER, OTHER])
      assert.equal(told.stdout.split(caller).length, 2, `${caller} once: ${told.stdout}`);
    assert.equal((await server.audit("verify")).code, 0);
  });
});
