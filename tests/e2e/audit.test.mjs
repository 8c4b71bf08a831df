// Replay: the auditor prints the session, knows who was there, and gets the state that was live.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { host, joinByLegacyUrl, known, press, say } from "./harness/room.mjs";
import { CONVOKE_AUDIT, Server, run } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("an audited session", () => {
  let server;
  let browser;
  let id;
  let hostPage;
  let annPage;

  before(async () => {
    server = await Server.start("audit");
    browser = await Browser.launch();
    hostPage = await browser.person("host");
    id = await host(hostPage, server, { topic: "Board meeting", password: PASSWORD });
    annPage = await browser.person("ann");
    await joinByLegacyUrl(annPage, server.url, { id, name: "Ann", password: PASSWORD });
    await say(hostPage, "shall we begin");
    await say(annPage, "yes please");
    await until("both have both", async () => (await known(hostPage)).chat.length >= 2);
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("it is listed, shown and played while the server runs", async () => {
    const listed = await server.audit("list");
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, new RegExp(`${id.slice(0, 4)}-${id.slice(4)}`));
    for (const words of [["show", id], ["play", id, "--speed", "1000"]]) {
      const done = await server.audit(...words);
      assert.equal(done.code, 0, done.stderr);
      const begin = done.stdout.indexOf("shall we begin");
      assert.ok(begin > 0 && done.stdout.indexOf("yes please") > begin, done.stdout);
    }
  });

  test("the state at a place is the roster as it was", async () => {
    const { seq } = await known(hostPage);
    const there = await server.audit("state", id, "--at", `${seq}`);
    assert.equal(there.code, 0, there.stderr);
    assert.match(there.stdout, /Ann/);
    await press(annPage, "Leave");
    await annPage.getByRole("heading", { name: "You left the meeting" }).waitFor();
    const left = await until("Ann's leaving is a fact", async () => {
      const state = await known(hostPage);
      return !state.people.some((person) => person.name === "Ann") && state;
    });
    const gone = await server.audit("state", id, "--at", `${left.seq}`, "--json");
    const was = await server.audit("state", id, "--at", `${seq}`, "--json");
    assert.ok(JSON.stringify(JSON.parse(was.stdout).people).includes('"Ann"'));
    assert.ok(!JSON.stringify(JSON.parse(gone.stdout).people).includes('"Ann"'));
  });

  test("the replayed state is the live state", async () => {
    const live = await known(hostPage);
    const replayed = await server.audit("state", id, "--at", `${live.seq}`, "--json");
    assert.equal(replayed.code, 0, replayed.stderr);
    const state = JSON.parse(replayed.stdout);
    assert.equal(state.hash, live.hash, "state hash");
    assert.equal(state.chain, live.chain, "stream hash");
  });

  test("an archive is one file that verifies by itself", async () => {
    const file = join(server.folder, "board.archive");
    const made = await server.audit("archive", id, file);
    assert.equal(made.code, 0, made.stderr);
    const verified = await run(CONVOKE_AUDIT, ["--data", file, "verify"]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const shown = await run(CONVOKE_AUDIT, ["--data", file, "show", id]);
    assert.match(shown.stdout, /shall we begin/);
  });
});
