// A full disk: people are told, nothing accepted is lost, what is there can be read, and it goes on
// by itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Browser } from "./harness/browser.mjs";
import { chatOf, host, inMeeting, openChat, say } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

const MIB = 1024 * 1024;

/** A small disk of its own, where one may be mounted; otherwise the reason why not. */
async function smallDisk() {
  const folder = await mkdtemp(join(tmpdir(), "convoke-disk-"));
  try {
    const words = ["-t", "tmpfs", "-o", "size=1400m", "tmpfs", folder];
    execFileSync("mount", words, { stdio: "pipe" });
    return { folder };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return { missing: `no disk can be mounted here: ${error.message.split("\n")[0]}` };
  }
}

const disk = await smallDisk();
// Where a person runs the tests a disk may be missing; a machine that only runs tests must have it.
const skip = process.env.CI === "true" ? undefined : disk.missing;

describe("a full disk", { skip }, () => {
  let server;
  let browser;
  let page;

  before(async () => {
    assert.equal(disk.missing, undefined);
    server = await Server.start("disk", "", join(disk.folder, "data"));
    browser = await Browser.launch();
    page = await browser.person("disk");
    await host(page, server, { topic: "Nearly full", password: "apple-39-tree" });
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
    execFileSync("umount", ["--lazy", disk.folder]);
    await rm(disk.folder, { recursive: true, force: true });
  });

  /** Fills the disk until this much is free, or frees all of it again. */
  async function leave(bytes) {
    const filler = join(disk.folder, "filler");
    await rm(filler, { force: true });
    if (bytes === Infinity) return;
    const { bavail, bsize } = await statfs(disk.folder);
    execFileSync("fallocate", ["--length", String(bavail * bsize - bytes), filler]);
  }

  const ready = async () => (await fetch(`http://127.0.0.1:${server.port}/readyz`)).ok;

  test("three times: refused with a sentence, readable, and taken again", async () => {
    const accepted = [];
    for (let round = 1; round <= 3; round += 1) {
      const text = `before ${round}`;
      await say(page, text);
      accepted.push(text);
      await until("it is there", async () => (await chatOf(page)).includes(text));
      await leave(300 * MIB);
      await until("the server says that it cannot write", async () => !(await ready()), 5000);
      await say(page, `lost ${round}`);
      await page.getByText(/cannot write at the moment/).first().waitFor();
      const made = await server.makeMeeting().catch((error) => error.message);
      assert.match(String(made), /read_only/);
      const listed = await server.audit("list");
      assert.equal(listed.code, 0, listed.stderr);
      assert.match(listed.stdout, /Nearly full/);
      await leave(Infinity);
      await until("the server writes again", ready, 10_000);
      await openChat(page);
    }
    await say(page, "after all");
    accepted.push("after all");
    await until("it goes on", async () => (await chatOf(page)).includes("after all"));
    const heard = (await chatOf(page)).filter((text) => !text.startsWith("lost"));
    assert.deepEqual(heard, accepted);
    assert.equal((await server.audit("verify")).code, 0);
  });
});

// What needs no disk of its own is tried everywhere.
describe("a disk that counts as full by the settings", () => {
  let server;
  let browser;
  let page;
  let id;

  before(async () => {
    server = await Server.start("disk-marks");
    browser = await Browser.launch();
    page = await browser.person("marks");
    id = await host(page, server, { topic: "Marked", password: "apple-39-tree" });
    await say(page, "before");
    await until("it is there", async () => (await chatOf(page)).includes("before"));
  });

  after(async () => {
    await browser?.close();
    await server?.remove();
  });

  /** Starts the server anew with other marks. */
  async function marked(settings, ready) {
    await server.stop();
    await writeFile(server.config, settings);
    await server.up(ready ? "/readyz" : "/healthz");
  }

  test("no new fact is taken, and what is there can be read", async () => {
    // More than any disk has free.
    await marked("[disk]\nfull_mib = 4294967295\n", false);
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
    assert.equal(answer.status, 503);
    const made = await server.makeMeeting().catch((error) => error.message);
    assert.match(String(made), /read_only/);
    assert.match((await server.audit("play", id)).stdout, /before/);
    assert.equal((await server.audit("verify")).code, 0);
  });

  test("it goes on by itself once there is room", async () => {
    await marked("", true);
    await inMeeting(page);
    await say(page, "after");
    await until("it is said", async () => (await chatOf(page)).includes("after"), 30_000);
    assert.deepEqual(await chatOf(page), ["before", "after"]);
  });
});
