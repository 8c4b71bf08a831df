// Many at once: one session of a thousand, a hundred sessions of ten; everything sent is delivered.
import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { LOADGEN, OUT, Server, run } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

/** The limits are there for people, and all of these come from one address. */
const SETTINGS = `
[join]
per_minute = 1000000
burst = 1000000
[chat]
per_second = 1000
burst = 1000
[connections]
unadmitted_per_address_max = 2000
`;

describe("load", () => {
  let server;

  before(async () => {
    server = await Server.start("load", SETTINGS);
  });

  after(() => server?.remove());

  /** Runs loadgen and prints what it measured. */
  async function load(t, name, words) {
    const json = join(server.folder, `${name}.json`);
    const common = ["run", "--server", `http://127.0.0.1:${server.port}`];
    common.push("--account", server.email, "--password-stdin", "--json", json);
    const done = await run(LOADGEN, [...common, ...words], `${server.password}\n`);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    await copyFile(json, join(OUT, `load-${name}.json`));
    const figures = JSON.parse(await readFile(json, "utf8"));
    t.diagnostic(JSON.stringify(figures));
    return figures;
  }

  test("a thousand attendees in one session hear everything", async (t) => {
    const words = ["--sessions", "1", "--attendees", "1000", "--publishers", "1"];
    await load(t, "one", [...words, ..."--kind chat --rate 10 --size 100 --seconds 5".split(" ")]);
  });

  test("a hundred sessions of ten hear everything", async (t) => {
    const words = ["--sessions", "100", "--attendees", "10", "--publishers", "1"];
    await load(t, "many", [...words, ..."--kind chat --rate 2 --size 100 --seconds 5".split(" ")]);
  });

  test("what sixty people are shown in bulk arrives whole at each of them", async (t) => {
    const words = ["--sessions", "1", "--attendees", "60", "--publishers", "1"];
    // Enough people, and bytes at once, for the lanes' pages to be lent instead of copied.
    const pictures = "--kind media --rate 40 --size 16344 --seconds 5".split(" ");
    const figures = await load(t, "bulk", [...words, ...pictures]);
    assert.ok(figures.delivered > 0);
  });

  test("the highest rate is searched for, and its run is shown on a page", async (t) => {
    const [json, html] = ["limit.json", "limit.html"].map((name) => join(OUT, name));
    const words = ["find-limit", "--server", `http://127.0.0.1:${server.port}`];
    words.push("--account", server.email, "--password-stdin", "--json", json, "--html", html);
    const load = "--sessions 2 --attendees 10 --publishers 1 --kind chat --size 100".split(" ");
    // Nobody's machine is so slow, so the search ends where it was told to.
    const search = "--p99-ms 20000 --from 5 --to 10 --step-seconds 1".split(" ");
    const done = await run(LOADGEN, [...words, ...load, ...search], `${server.password}\n`);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    const found = JSON.parse(await readFile(json, "utf8"));
    t.diagnostic(found.sentence);
    assert.deepEqual(found.probes.map((probe) => probe.rate), [5, 10]);
    assert.equal(found.limited_by, "range");
    assert.equal(found.limit.rate, 10);
    assert.match(await readFile(html, "utf8"), /<h1>All that was sent arrived|<h1>The generator/);
  });

  test("how many times a scenario's sessions the server carries is searched for", async (t) => {
    const [json, scenario] = [join(OUT, "times.json"), join(OUT, "times.toml")];
    const sessions = "[[sessions]]\ncount = 2\npeople = { talker = 1, listener = 3 }\n";
    const talker = "[roles.talker.chat]\nrate = 2\nsize = 60\n";
    await writeFile(scenario, `${sessions}${talker}[roles.listener]\n`);
    const words = ["find-limit", "--server", `http://127.0.0.1:${server.port}`];
    words.push("--account", server.email, "--password-stdin", "--json", json);
    words.push("--scenario", scenario, ..."--p99-ms 20000 --to 3 --step-seconds 1".split(" "));
    const done = await run(LOADGEN, words, `${server.password}\n`);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    const found = JSON.parse(await readFile(json, "utf8"));
    t.diagnostic(found.sentence);
    assert.deepEqual([found.grows, found.limited_by], ["sessions", "range"]);
    assert.deepEqual(found.probes.map((probe) => probe.rate), [1, 2, 3]);
    // Twice the sessions, twice the messages.
    const [one, two] = found.probes.map((probe) => probe.sent_per_second);
    assert.ok(Math.abs(two / one - 2) < 0.2, `${one} ${two}`);
  });

  test("the log holds what was delivered, and an auditor finds it sound", async (t) => {
    const scenario = join(OUT, "logged.toml");
    const customer = "[roles.customer]\naudio = {}\nscreen = { rate = 5, size = [2048, 9000] }\n";
    const people = "people = { customer = 1, controller = 1, chatter = 3, viewer = 2 }";
    await writeFile(scenario, `seconds = 4\n${customer}[[sessions]]\ncount = 3\n${people}\n`);
    const json = join(OUT, "logged.json");
    const words = ["run", "--scenario", scenario, "--server", `http://127.0.0.1:${server.port}`];
    words.push("--account", server.email, "--password-stdin", "--data", server.data);
    const done = await run(LOADGEN, [...words, "--json", json], `${server.password}\n`);
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /^logged +\d+ messages of chat, exactly those accepted and/m);
    const { logged } = JSON.parse(await readFile(json, "utf8"));
    t.diagnostic(JSON.stringify(logged));
    assert.ok(logged.facts > 0);
    // What trails the end of a session may come a moment later.
    await until("all is told", async () => {
      const verified = await server.audit("verify");
      if (verified.code !== 0) throw new Error(verified.stdout + verified.stderr);
      return true;
    });
  });

  test("pictures of 16 KB reach a hundred attendees", async (t) => {
    const words = ["--sessions", "1", "--attendees", "100", "--publishers", "1"];
    const rest = "--kind media --rate 30 --size 16000 --seconds 5".split(" ");
    await load(t, "media", [...words, ...rest]);
  });
});
