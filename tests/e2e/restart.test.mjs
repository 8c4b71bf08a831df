// A server killed with -9 while people are in: who comes back stays, who does not has left, and the
// log says so, once for each.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { chatOf, host, inMeeting, joinByLegacyUrl, known, say } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("after a kill", () => {
  let server;
  let browser;
  let chair;
  let lena;
  let gus;
  let id;
  let gone;

  before(async () => {
    server = await Server.start("restart", "[meetings]\nresume_s = 5\n");
    browser = await Browser.launch();
    [chair, lena, gus] = await Promise.all(["chair", "lena", "gus"].map((n) => browser.person(n)));
    id = await host(chair, server, { topic: "Restart", password: PASSWORD });
    await joinByLegacyUrl(lena, server.url, { id, name: "Lena", password: PASSWORD });
    await joinByLegacyUrl(gus, server.url, { id, name: "Gus", password: PASSWORD });
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  /** The facts of the roster in the log, as `{ joined | left | disconnected ... }`. */
  async function roster() {
    const shown = await server.audit("show", id, "--json");
    assert.equal(shown.code, 0, shown.stderr);
    const rows = shown.stdout.split("\n").filter(Boolean);
    return rows.map((row) => JSON.parse(row).event?.roster).filter(Boolean);
  }

  test("who stays away has left, by the restart, and the others go on", async () => {
    await say(lena, "before the kill");
    await until("the host has it", async () => (await chatOf(chair)).length === 1);
    gone = (await known(gus)).who;
    await server.kill9();
    await gus.context().close();
    await server.up();
    await Promise.all([chair, lena].map(inMeeting));
    await until("only two are left", async () => {
      const people = (await known(chair)).people.map((person) => person.name);
      return people.length === 2 && !people.includes("Gus");
    });
    const left = (await roster()).flatMap((fact) => fact.left ?? []);
    assert.deepEqual(left.map(({ who, reason }) => ({ who, reason })), [
      { who: gone, reason: "server_restart" },
    ]);
    assert.ok(left[0].at > 0, "the last sign of life is not told");
    await say(chair, "after the kill");
    await until("Lena has both", async () => {
      return (await chatOf(lena)).join() === "before the kill,after the kill";
    });
  });

  test("killed once more with nobody there to come back, all have left", async () => {
    const here = (await known(chair)).people.map((person) => person.id).sort();
    await server.kill9();
    const offline = [chair, lena].map((page) => page.context().setOffline(true));
    await Promise.all(offline);
    await server.up();
    await until("the log says that they left", async () => {
      const left = (await roster()).flatMap((fact) => fact.left ?? []);
      const restart = left.filter((fact) => fact.reason === "server_restart");
      const who = restart.map((fact) => fact.who).filter((one) => one !== gone).sort();
      return JSON.stringify(who) === JSON.stringify(here);
    });
  });

  test("joins and leaves balance, and the log is sound", async () => {
    await server.stop();
    const facts = await roster();
    const joined = facts.flatMap((fact) => fact.joined?.who ?? []).sort();
    const left = facts.flatMap((fact) => fact.left?.who ?? []).sort();
    assert.equal(joined.length, 3);
    assert.deepEqual(left, joined, "who came also went, once");
    const away = facts.flatMap((fact) => fact.disconnected?.who ?? []);
    assert.ok(away.includes(gone), "nobody was marked as away by the restart");
    const verified = await server.audit("verify");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });
});
