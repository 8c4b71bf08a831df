// The main job: a host shares screen, camera and sound; two attendees come by legacy addresses.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { moving } from "./harness/pictures.mjs";
import { chatOf, end, host, joinByLegacyUrl, known, press, say } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const PASSWORD = "apple-39-tree";

describe("a meeting of three", () => {
  let server;
  let browser;
  let id;
  const pages = {};

  before(async () => {
    server = await Server.start("meeting");
    browser = await Browser.launch();
    pages.host = await browser.person("host");
    id = await host(pages.host, server, { topic: "Quarterly review", password: PASSWORD });
    for (const [who, name] of [["ann", "Ann Müller"], ["wei", "张伟"]]) {
      pages[who] = await browser.person(who);
      await joinByLegacyUrl(pages[who], server.url, { id, name, password: PASSWORD });
    }
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("everybody sees the same three people", async () => {
    for (const [who, page] of Object.entries(pages)) {
      const names = await until(`${who} sees three people`, async () => {
        const people = (await known(page)).people ?? [];
        return people.length === 3 && people.map((person) => person.name).sort();
      });
      assert.ok(names.includes("Ann Müller") && names.includes("张伟"), `${who}: ${names}`);
    }
  });

  test("the attendees decode moving pictures and hear sound", async () => {
    await publish(pages.host, "screen", "Share screen");
    await publish(pages.host, "camera", "Turn on camera");
    await publish(pages.host, "microphone", "Unmute");
    for (const who of ["ann", "wei"]) {
      const page = pages[who];
      for (const kind of ["screen", "camera"]) {
        await until(`${who} decodes the ${kind}`, async () => {
          const tracks = (await known(page)).tracks.filter((track) => track.kind === kind);
          return tracks.some((track) => track.decodedFrames > 15 && track.drawnFrames > 5);
        });
      }
      await until(`${who} hears sound`, async () => (await known(page)).playedEnergy > 0, 30_000);
      await until(`two pictures move for ${who}`, async () => (await moving(page)) >= 2, 30_000);
    }
  });

  test("chat reaches everyone once, in one order", async () => {
    const sent = [];
    for (let round = 1; round <= 4; round += 1) {
      for (const [who, page] of Object.entries(pages)) {
        const text = `${who} says ${round}`;
        sent.push(text);
        await say(page, text);
      }
    }
    const lists = [];
    for (const [who, page] of Object.entries(pages)) {
      lists.push(
        await until(`${who} has all ${sent.length} messages`, async () => {
          const texts = await chatOf(page);
          return texts.length >= sent.length && texts;
        }),
      );
    }
    assert.deepEqual([...lists[0]].sort(), [...sent].sort(), "each message once");
    assert.deepEqual(lists[1], lists[0], "one order");
    assert.deepEqual(lists[2], lists[0], "one order");
  });

  test("a hand goes up for everyone, and a muted attendee is told", async () => {
    await press(pages.ann, "Raise hand");
    await until("the host sees the hand", async () => {
      const people = (await known(pages.host)).people;
      return people.some((person) => person.name === "Ann Müller" && person.hand);
    });
    await press(pages.ann, "Lower hand");
    await until("the hand is down", async () => {
      const people = (await known(pages.host)).people;
      return !people.some((person) => person.hand);
    });
  });

  test("the three pages hold the same state at the same place", async () => {
    const folds = await until("all pages are at one place", async () => {
      const all = await Promise.all(Object.values(pages).map(known));
      return all.every((state) => state.seq === all[0].seq) && all;
    });
    assert.equal(folds[1].chain, folds[0].chain, "one chain of facts");
    assert.equal(folds[2].hash, folds[1].hash, "two attendees, one state");
  });

  test("what it looks like is kept, and no page complained", async () => {
    for (const [who, page] of Object.entries(pages)) await browser.shoot(page, `meeting-${who}`);
    assert.deepEqual(browser.complaints, []);
  });

  test("the host ends the meeting for everyone", async () => {
    await end(pages.host);
    for (const [who, page] of Object.entries(pages)) {
      await page.getByRole("heading", { name: "The meeting has ended" }).waitFor();
      await browser.shoot(page, `ended-${who}`);
    }
    const verified = await server.audit("verify");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });
});

/** Presses the control unless the track is there already, as after a preview with devices on. */
async function publish(page, kind, control) {
  const there = async () => (await known(page)).published.some((track) => track.kind === kind);
  if (!(await there())) await press(page, control);
  await until(`the host publishes the ${kind}`, there);
}
