// Lost lines and killed servers: nothing missed, nothing twice, and people come back by themselves.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { Line } from "./harness/proxy.mjs";
import { chatOf, end, host, inMeeting, joinByLegacyUrl, known, say } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { pause, until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("lost connections", () => {
  let server;
  let browser;
  let line;
  let talker;
  let listener;
  let id;

  before(async () => {
    server = await Server.start("resume");
    browser = await Browser.launch();
    line = await Line.to(server.port);
    talker = await browser.person("talker");
    id = await host(talker, server, { topic: "Resuming", password: PASSWORD });
    listener = await browser.person("listener");
    await joinByLegacyUrl(listener, line.url, { id, name: "Lena", password: PASSWORD });
  });

  after(async () => {
    await browser?.close();
    await line?.remove();
    await server?.remove();
  });

  test("an attendee who was cut off for five seconds has every message once", async () => {
    const sent = [];
    const talk = async (count) => {
      for (let n = 0; n < count; n += 1) {
        const text = `message ${sent.length + 1}`;
        sent.push(text);
        await say(talker, text);
        await pause(250);
      }
    };
    await talk(5);
    await until("the first messages arrive", async () => (await chatOf(listener)).length >= 5);
    line.cut();
    const cut = Date.now();
    await listener.getByText(/Connection lost/).waitFor();
    await browser.shoot(listener, "resume-lost");
    // What the cut-off attendee writes meanwhile is kept and sent once.
    await say(listener, "said while cut off");
    while (Date.now() - cut < 5000) await talk(1);
    assert.ok((await chatOf(listener)).length < sent.length, "the line was not cut at all");
    line.mend();
    await talk(3);
    sent.push("said while cut off");
    const heard = await until("everything arrives", async () => {
      const texts = await chatOf(listener);
      return texts.length >= sent.length && texts;
    });
    assert.deepEqual([...heard].sort(), [...sent].sort());
    const own = heard.filter((text) => text.startsWith("message"));
    assert.deepEqual(own, sent.filter((text) => text.startsWith("message")), "in order");
    await until("the host has it too", async () => {
      const texts = await chatOf(talker);
      return JSON.stringify(texts) === JSON.stringify(heard);
    });
    await listener.getByText(/Connection lost/).waitFor({ state: "hidden" });
  });

  test("a server killed with -9 comes back and so do the browsers", async () => {
    const before = await known(talker);
    const sent = [];
    const stop = { now: false };
    const talking = (async () => {
      while (!stop.now) {
        const text = `under fire ${sent.length + 1}`;
        sent.push(text);
        await say(talker, text);
        await pause(200);
      }
    })();
    await pause(1500);
    await server.kill9();
    await pause(1500);
    const unseen = sent.length;
    assert.ok(unseen > 3, "nothing was said before the kill");
    await server.up();
    await pause(3000);
    stop.now = true;
    await talking;
    for (const [who, page] of [["talker", talker], ["listener", listener]]) {
      await inMeeting(page);
      const heard = await until(
        `${who} has all ${sent.length} messages`,
        async () => {
          const texts = (await chatOf(page)).filter((text) => text.startsWith("under fire"));
          return texts.length >= sent.length && texts;
        },
        40_000,
      );
      assert.deepEqual(heard, sent, `${who}: each once, in order`);
    }
    assert.ok((await known(talker)).seq > before.seq);
    await browser.shoot(listener, "resume-after-kill");
  });

  test("the auditor finds every accepted fact, and joins and leaves balance", async () => {
    const accepted = await chatOf(talker);
    await end(talker);
    await server.stop();
    const verified = await server.audit("verify");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const shown = await server.audit("show", id, "--json");
    assert.equal(shown.code, 0, shown.stderr);
    const events = shown.stdout.trim().split("\n").map((row) => JSON.parse(row).event);
    const said = events.map((event) => event?.chat?.said?.text).filter(Boolean);
    assert.deepEqual(said, accepted, "every accepted fact, once, in order");
    const joined = events.map((event) => event?.roster?.joined?.who).filter(Boolean);
    const left = events.map((event) => event?.roster?.left?.who).filter(Boolean);
    assert.ok(joined.length >= 2, "somebody came");
    assert.deepEqual(left.sort(), joined.sort(), "who came also went, once");
  });
});
