// What the programs say when something is wrong: a sentence a person can act on, and nothing lost.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { CONVOKE, CONVOKE_AUDIT, LOADGEN, Server, freePort, run } from "./harness/server.mjs";

/** What a program said, wherever it said it. */
const said = (done) => done.stdout + done.stderr;

describe("commands", () => {
  let folder;
  let server;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "convoke-commands-"));
    server = await Server.start("commands");
  });

  after(async () => {
    await server?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("every command has help with an example", async () => {
    const commands = [
      [CONVOKE, "serve"],
      [CONVOKE, "account", "add"],
      [CONVOKE, "backup"],
      [CONVOKE, "restore"],
      [CONVOKE, "recover"],
      [CONVOKE_AUDIT, "list"],
      [CONVOKE_AUDIT, "show"],
      [CONVOKE_AUDIT, "play"],
      [CONVOKE_AUDIT, "state"],
      [CONVOKE_AUDIT, "verify"],
      [CONVOKE_AUDIT, "archive"],
      [LOADGEN, "run"],
    ];
    for (const [program, ...words] of commands) {
      const done = await run(program, [...words, "--help"]);
      assert.equal(done.code, 0, `${words.join(" ")} --help`);
      assert.match(done.stdout, /example/i, `${words.join(" ")} --help has no example`);
    }
  });

  test("a second server on the same folder is refused", async () => {
    const port = await freePort();
    const words = ["serve", "--data", server.data, "--listen", `127.0.0.1:${port}`];
    const done = await run(CONVOKE, words);
    assert.notEqual(done.code, 0);
    assert.match(said(done), /in use|already|another/i);
  });

  test("a port in use is named", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address();
    const words = ["serve", "--data", join(folder, "port"), "--listen", `127.0.0.1:${port}`];
    const done = await run(CONVOKE, words);
    await new Promise((resolve) => holder.close(resolve));
    assert.notEqual(done.code, 0);
    assert.match(said(done), new RegExp(`${port}`));
    assert.match(said(done), /in use/i);
  });

  test("a wrong setting is named with the nearest valid one", async () => {
    const config = join(folder, "wrong.toml");
    await writeFile(config, "[chat]\nbrust = 3\n");
    const port = await freePort();
    const words = ["serve", "--data", join(folder, "wrong"), "--listen", `127.0.0.1:${port}`];
    const done = await run(CONVOKE, [...words, "--config", config]);
    assert.notEqual(done.code, 0);
    assert.match(said(done), /chat\.brust/);
    assert.match(said(done), /chat\.burst/);
  });

  test("a short password is refused and makes no account", async () => {
    const words = ["account", "add", "ann@example.com", "--password-stdin", "--data", server.data];
    const short = await run(CONVOKE, words, "short\n");
    assert.notEqual(short.code, 0);
    assert.match(said(short), /15 characters/);
    const long = await run(CONVOKE, words, "a sentence nobody has ever typed\n");
    assert.equal(long.code, 0, said(long));
  });

  test("an auditor who is given no data folder could not run", async () => {
    const done = await run(CONVOKE_AUDIT, ["--data", join(folder, "nowhere"), "verify"]);
    assert.equal(done.code, 2, said(done));
  });
});
