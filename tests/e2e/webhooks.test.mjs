// Webhooks of a real server with real receivers: nothing is missed, order is kept, and what comes
// twice comes under the same name.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Webhook } from "standardwebhooks";

import { Admin } from "./harness/admin.mjs";
import { Server, freePort } from "./harness/server.mjs";
import { Sink } from "./harness/sink.mjs";
import { until } from "./harness/wait.mjs";

/** Meetings that a receiver is away for. */
const MEETINGS = Number(process.env.E2E_MEETINGS ?? 1000);

/** Settings for these receivers; `waits` after failures, in seconds. */
function settings(sinks, waits) {
  const ports = sinks.map((sink) => sink.port).join(", ");
  return `[disk] # How full this machine's is is not what is tested here.
low_percent = 0
very_low_percent = 0
very_low_mib = 0
[webhooks]
allow_http = true
allow_loopback = true
ports = [443, ${ports}]
retry_s = [${waits.join(", ")}]
`;
}

const add = (admin, sink, events = ["*"]) =>
  admin.ok("POST", "/api/v1/webhooks", { url: sink.url, events, reason: "tested" });

/** That each stream's events came in the order of the stream. */
function inOrder(calls) {
  const last = new Map();
  for (const { body } of calls) {
    assert.ok(body.seq > (last.get(body.stream) ?? 0), `${body.id} came late`);
    last.set(body.stream, body.seq);
  }
}

describe("a receiver that was away", () => {
  let server;
  let admin;
  let sink;
  let other;
  let hook;

  before(async () => {
    [sink, other] = [await Sink.reserve(), await Sink.reserve()];
    // Once it has failed, it is tried again when somebody asks for it.
    server = await Server.start("webhooks-away", settings([sink, other], [3600, 3600, 3600]));
    admin = await Admin.of(server);
  });

  after(async () => {
    await sink?.down();
    await other?.down();
    await server?.remove();
  });

  test("misses nothing of a thousand meetings, in order, over two starts", async () => {
    hook = await add(admin, sink);
    assert.match(hook.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const { cursor } = await admin.events(0);
    const start = await admin.ok("GET", `/api/v1/events?after=${Number(cursor) - 1}`);
    let left = MEETINGS;
    const make = async () => {
      while (left-- > 0) await admin.meeting();
    };
    await Promise.all(Array.from({ length: 8 }, make));
    await server.kill9();
    await server.up();
    await admin.signIn();
    await admin.meeting("after a power cut");
    await server.stop();
    await server.up();
    await admin.signIn();
    const { events } = await admin.events(start.cursor);
    assert.ok(events.length > MEETINGS * 3, `${events.length} events`);

    await sink.up();
    const asked = await admin.ok("POST", `/api/v1/webhooks/${hook.number}/retry`, {});
    assert.ok(asked.delivery.behind >= events.length, `${asked.delivery.behind} behind`);
    const last = events.at(-1).id;
    await until("the last event", () => sink.ids.includes(last), 120_000);
    const wanted = events.map((event) => event.id);
    const came = sink.ids.slice(0, sink.ids.indexOf(last) + 1);
    assert.deepEqual(came, wanted, "each once, in the order of the server");
    inOrder(sink.calls);
    const verifier = new Webhook(hook.secret);
    for (const call of sink.calls) {
      assert.equal(verifier.verify(call.text, call.headers).id, call.headers["webhook-id"]);
    }
    assert.deepEqual(sink.calls[0].body, events[0], "as the page of events tells it");
  });

  test("hears twice only what was told and not noted when the power went", async () => {
    for (let round = 0; round < 5; round++) {
      const [from, armed] = [sink.calls.length, { killed: null, type: "meeting.created" }];
      sink.answer = (call, response) => {
        if (armed.killed || call.body.type !== armed.type) return 204;
        // It has the event, and the server dies before it hears so.
        armed.killed = call.headers["webhook-id"];
        armed.done = server.kill9().then(() => response.destroy());
        return null;
      };
      await admin.meeting(`cut ${round}`).catch(() => {});
      await until("the cut", () => armed.killed !== null);
      await armed.done;
      await server.up();
      await admin.signIn();
      const id = await admin.meeting(`after cut ${round}`);
      await sink.has("what came after", (call) => call.body.meeting === id && call.body.session);
      const came = sink.ids.slice(from);
      const twice = came.filter((name, at) => came.indexOf(name) !== at);
      assert.deepEqual(twice, [armed.killed], `round ${round}`);
    }
    sink.answer = () => 204;
  });

  test("goes on where it stopped when the server was stopped in good order", async () => {
    const id = await admin.meeting("before");
    await sink.has("the meeting", (call) => call.body.meeting === id && call.body.session);
    const from = sink.calls.length;
    await server.stop();
    await server.up();
    await admin.signIn();
    const later = await admin.meeting("later");
    await sink.has("the next", (call) => call.body.meeting === later && call.body.session);
    const came = sink.calls.slice(from);
    assert.ok(came.every((call) => call.body.meeting !== id), "nothing again");
    assert.equal(new Set(sink.ids.slice(from)).size, came.length);
  });

  test("is not kept waiting by another that is slow", async () => {
    await other.up();
    other.answer = () => null; // It never answers.
    const slow = await add(admin, other, ["meeting.*"]);
    for (let n = 0; n < 3; n++) {
      const began = Date.now();
      const id = await admin.meeting();
      await sink.has("the event", (call) => call.body.meeting === id);
      assert.ok(Date.now() - began < 3000, "at once");
    }
    assert.equal(other.calls.length, 1, "one call at a time");
    await until("it is noted that it was late", async () => {
      const shown = await admin.ok("GET", `/api/v1/webhooks/${slow.number}`);
      return shown.delivery.failures === 1 && /long/.test(shown.delivery.why);
    });
    await admin.ok("DELETE", `/api/v1/webhooks/${slow.number}`, { reason: "too slow" });
    assert.equal((await admin.call("GET", `/api/v1/webhooks/${slow.number}`)).status, 404);
  });

  test("a new secret signs beside the old one for a day", async () => {
    const { secret } = await admin.ok("POST", `/api/v1/webhooks/${hook.number}/rotate`, {});
    assert.notEqual(secret, hook.secret);
    const tried = await admin.ok("POST", `/api/v1/webhooks/${hook.number}/test`, {});
    assert.deepEqual(tried, { taken: true, status: 204 });
    const call = sink.calls.findLast((call) => call.body.type === "webhook.test");
    for (const good of [secret, hook.secret]) {
      assert.equal(new Webhook(good).verify(call.text, call.headers).type, "webhook.test");
    }
    const foreign = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    assert.throws(() => new Webhook(foreign).verify(call.text, call.headers));
    const audit = await server.audit("list");
    assert.equal(audit.code, 0, audit.stderr);
    const log = JSON.stringify(await admin.events(0));
    for (const shown of [secret, hook.secret]) assert.ok(!log.includes(shown.slice(6)));
  });
});

describe("a receiver that refuses", () => {
  let server;
  let admin;
  let sink;

  before(async () => {
    sink = await Sink.reserve();
    await sink.up();
    server = await Server.start("webhooks-refused", settings([sink], [0, 0]));
    admin = await Admin.of(server);
  });

  after(async () => {
    await sink?.down();
    await server?.remove();
  });

  test("has its events given up in the end, one by one, and told when it asks", async () => {
    const hook = await add(admin, sink, ["meeting.created"]);
    sink.answer = (call) => (call.body.data.topic === "bad" ? 500 : 204);
    const bad = await admin.meeting("bad");
    const good = await admin.meeting("good");
    await sink.has("the next one", (call) => call.body.meeting === good);
    const tries = sink.calls.filter((call) => call.body.meeting === bad);
    assert.equal(tries.length, 3, "once and after each wait");
    assert.equal(new Set(tries.map((call) => call.headers["webhook-id"])).size, 1);
    const path = `/api/v1/webhooks/${hook.number}/dead`;
    const { dead } = await admin.ok("GET", path);
    assert.deepEqual(dead.map((letter) => [letter.event, letter.attempts, letter.why]), [
      [tries[0].headers["webhook-id"], 3, "it answered 500"],
    ]);
    const again = `${path}/${dead[0].event}`;
    assert.equal((await admin.ok("POST", again, {})).taken, false);
    assert.equal((await admin.ok("GET", path)).dead.length, 1, "still given up");
    sink.answer = () => 204;
    assert.equal((await admin.ok("POST", again, {})).taken, true);
    assert.equal((await admin.ok("GET", path)).dead.length, 0);
    assert.equal((await admin.call("POST", again, {})).status, 404, "it was told");
    assert.ok(sink.calls.at(-1).headers["webhook-id"] === dead[0].event);
    const { events } = await admin.events(0, "&type=webhook.*");
    const words = events.map((event) => event.type);
    assert.deepEqual(words, ["webhook.added", "webhook.gave_up", "webhook.redelivered"]);
    await admin.ok("DELETE", `/api/v1/webhooks/${hook.number}`);
  });

  test("is switched off by 410, and told what it missed when it is switched on", async () => {
    const hook = await add(admin, sink, ["meeting.created"]);
    const path = `/api/v1/webhooks/${hook.number}`;
    sink.answer = () => 410;
    const first = await admin.meeting("gone");
    await until("it is off", async () => (await admin.ok("GET", path)).enabled === false);
    const second = await admin.meeting("while off");
    sink.answer = () => 204;
    sink.calls.length = 0;
    const on = await admin.ok("PATCH", path, { enabled: true, reason: "it is back" });
    assert.equal(on.enabled, true);
    await sink.has("what it missed", (call) => call.body.meeting === second);
    assert.deepEqual(sink.calls.map((call) => call.body.meeting), [first, second]);
    await admin.ok("DELETE", path);
  });

  test("by a redirect is not followed", async () => {
    const hook = await add(admin, sink, ["meeting.created"]);
    sink.calls.length = 0;
    sink.answer = (call, response) => {
      response.writeHead(307, { Location: `${sink.url}/elsewhere` }).end();
      return null;
    };
    const tried = await admin.ok("POST", `/api/v1/webhooks/${hook.number}/test`, {});
    assert.equal(tried.taken, false);
    assert.match(tried.why, /redirect/);
    assert.deepEqual(sink.calls.map((call) => call.path), ["/hook"]);
    sink.answer = () => 204;
    await admin.ok("DELETE", `/api/v1/webhooks/${hook.number}`);
  });

  test("is never one that must not be called", async () => {
    for (const url of [
      "",
      "crm.example.org",
      "ftp://crm.example.org/",
      "https://crm.example.org:8443/",
      "https://crm.example.org/?token=secret",
      "https://user:password@crm.example.org/",
      "https://10.1.2.3/",
      "https://192.168.0.1/",
      "https://[fd00::1]/",
      "https://169.254.169.254/latest/meta-data",
      "https://[fe80::1]/",
      "https://[::ffff:10.0.0.1]/",
      "https://[64:ff9b::a9fe:a9fe]/",
      "https://0.0.0.0/",
      "https://metadata.google.internal/",
      `http://127.0.0.1:${server.port}/api/v1/sign-in`,
      "https://a\r\nb/",
    ]) {
      const answer = await admin.call("POST", "/api/v1/webhooks", { url });
      assert.equal(answer.status, 400, `${url}: ${answer.text}`);
      assert.equal(answer.json.code, "address_denied", url);
    }
    for (const events of [[], ["meetings.*"], ["meeting"], ["*", "x y"]]) {
      const answer = await admin.call("POST", "/api/v1/webhooks", { url: sink.url, events });
      assert.deepEqual([answer.status, answer.json.code], [400, "event_unknown"]);
    }
    // A name is looked up when it is called, and what it stands for is checked then.
    const url = `http://localhost.localdomain:${sink.port}/`;
    const named = await admin.call("POST", "/api/v1/webhooks", { url, events: ["meeting.*"] });
    assert.equal(named.status, 201);
    await admin.ok("DELETE", `/api/v1/webhooks/${named.json.number}`);
  });

  test("is told again, under the same names, when its place is of another log", async () => {
    const hook = await add(admin, sink, ["meeting.*", "session.*"]);
    const path = join(server.data, "webhooks", `${hook.number}.json`);
    sink.calls.length = 0;
    for (let n = 0; n < 5; n++) await admin.meeting(`noted ${n}`);
    await until("all of it", () => sink.calls.length === 15);
    const known = new Set(sink.ids);
    await server.stop();
    const note = JSON.parse(await readFile(path, "utf8"));
    note.last[1].epoch += 1000;
    for (const odd of [JSON.stringify(note), "{", null]) {
      sink.calls.length = 0;
      await (odd === null ? rm(path) : writeFile(path, odd));
      await server.up();
      await admin.signIn();
      const id = await admin.meeting("told after all");
      const found = (call) => call.body.meeting === id && call.body.session;
      await until("the last event", () => sink.calls.some(found));
      const again = sink.ids.filter((name) => known.has(name));
      assert.equal(new Set(again).size, known.size, "everything again");
      assert.equal(again.length, known.size, "and each once");
      inOrder(sink.calls);
      for (const name of sink.ids) known.add(name);
      await server.stop();
    }
    await server.up();
    await admin.signIn();
    await admin.ok("DELETE", `/api/v1/webhooks/${hook.number}`);
  });

  test("is for administrators", async () => {
    const { cookie, origin } = await server.makeMeeting();
    const paths = [
      "/api/v1/webhooks",
      "/api/v1/webhooks/1",
      "/api/v1/events",
      "/api/v1/events/stream",
    ];
    for (const path of paths) {
      assert.equal((await server.call("GET", path)).status, 401, path);
      const hosts = await server.call("GET", path, undefined, { ...origin, Cookie: cookie });
      assert.deepEqual([hosts.status, hosts.json.code], [403, "privilege_missing"], path);
    }
    const foreign = { Origin: "https://evil.example", Cookie: admin.cookie };
    const added = await server.call("POST", "/api/v1/webhooks", { url: sink.url }, foreign);
    assert.equal(added.status, 403);
  });
});

describe("the receiver of the documentation", () => {
  test("takes what is signed, once, and nothing else", async () => {
    const port = await freePort();
    const sink = { port, url: `http://127.0.0.1:${port}/` };
    const server = await Server.start("webhooks-receiver", settings([sink], [1, 1, 1, 1, 1]));
    // Beside the packages of these tests, so that it finds its own.
    const folder = await mkdtemp(join(import.meta.dirname, "receiver-"));
    let child;
    try {
      const admin = await Admin.of(server);
      const hook = await add(admin, sink, ["meeting.created"]);
      const receiver = join(folder, "receiver.mjs");
      await cp(join(import.meta.dirname, "../../docs/webhooks/receiver.mjs"), receiver);
      const env = { ...process.env, PORT: port, WEBHOOK_SECRET: hook.secret };
      child = spawn("node", [receiver], { env, stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      child.stdout.on("data", (piece) => (said += piece));
      await until("it is ready", () => said.includes("ready"));
      const id = await admin.meeting("documented");
      await until("it was told", () => said.includes(`meeting.created evt_${id}_0_`));
      assert.match(said, /"topic":"documented"/);
      const forged = await fetch(sink.url, { method: "POST", body: "{}" });
      assert.equal(forged.status, 401);
    } finally {
      child?.kill();
      await rm(folder, { recursive: true, force: true });
      await server.remove();
    }
  });
});
