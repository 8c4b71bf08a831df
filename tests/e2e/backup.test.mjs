// A backup made while people talk is restored elsewhere, verifies, and serves.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { CONVOKE, CONVOKE_AUDIT, LOADGEN, Server, run } from "./harness/server.mjs";
import { pause } from "./harness/wait.mjs";

describe("backup", () => {
  let server;

  before(async () => {
    server = await Server.start("backup", "[chat]\nper_second = 1000\nburst = 1000\n");
  });

  after(() => server?.remove());

  test("a backup made under load is restored elsewhere and verifies", async () => {
    const load = ["run", "--server", `http://127.0.0.1:${server.port}`];
    load.push("--account", server.email, "--password-stdin", "--sessions", "1");
    load.push("--attendees", "10", "--publishers", "2", "--kind", "chat", "--rate", "20");
    load.push("--size", "100", "--seconds", "6", "--json", join(server.folder, "load.json"));
    const loaded = run(LOADGEN, load, `${server.password}\n`);
    await pause(3000);
    const backup = join(server.folder, "backup");
    const made = await run(CONVOKE, ["backup", backup, "--data", server.data]);
    assert.equal(made.code, 0, made.stderr);
    const done = await loaded;
    assert.equal(done.code, 0, done.stdout + done.stderr);

    const again = join(server.folder, "again");
    const restored = await run(CONVOKE, ["restore", backup, "--data", again]);
    assert.equal(restored.code, 0, restored.stderr);
    const verified = await run(CONVOKE_AUDIT, ["--data", again, "verify"]);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const listed = await run(CONVOKE_AUDIT, ["--data", again, "list"]);
    assert.match(listed.stdout, /\d{4}-\d{4}/);

    await server.stop();
    const original = server.data;
    server.data = again;
    await server.up();
    const { id } = await server.makeMeeting({ topic: "After the restore" });
    assert.match(id, /^\d{8}$/);
    await server.stop();
    server.data = original;
  });
});
