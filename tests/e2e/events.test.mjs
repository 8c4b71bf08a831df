// The events of a real server: a page at a time, and as a stream that goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Admin } from "./harness/admin.mjs";
import { Server } from "./harness/server.mjs";
import { until } from "./harness/wait.mjs";

/** Somebody who listens to the stream. */
class Listener {
  constructor(admin) {
    this.admin = admin;
    this.events = [];
    this.last = null;
    this.ended = null;
  }

  async connect(query = "") {
    this.stopping = new AbortController();
    const headers = { ...this.admin.headers };
    if (this.last !== null) headers["Last-Event-ID"] = this.last;
    const { signal } = this.stopping;
    const url = `${this.admin.origin}/api/v1/events/stream${query}`;
    const answer = await fetch(url, { headers, signal });
    this.status = answer.status;
    this.headers = answer.headers;
    if (answer.ok) this.reading = this.read(answer.body).catch(() => {});
  }

  async read(body) {
    let text = "";
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
        this.take(text.slice(0, end));
      }
    }
    this.closed = true;
  }

  take(block) {
    const fields = Object.fromEntries(
      block.split("\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trim()];
      }),
    );
    if (fields.id !== undefined) this.last = fields.id;
    if (fields.event === "end") this.ended = JSON.parse(fields.data);
    else if (fields.data) this.events.push(JSON.parse(fields.data));
  }

  async leave() {
    this.stopping.abort();
    await this.reading;
  }
}

describe("events", () => {
  let server;
  let admin;

  before(async () => {
    // Everybody comes from one address here, and how full the disk is is not what is tested.
    const settings =
      "[connections]\nunadmitted_per_address_max = 200\n" +
      "[disk]\nlow_percent = 0\nvery_low_percent = 0\nvery_low_mib = 0\n";
    server = await Server.start("events", settings);
    admin = await Admin.of(server);
  });

  after(() => server?.remove());

  test("are told a page at a time, and a cursor leads on from there", async () => {
    const id = await admin.meeting("Pages");
    const all = await admin.events(0);
    const types = all.events.map((event) => event.type);
    assert.equal(types[0], "account.added");
    const own = all.events.filter((event) => event.meeting === id);
    assert.deepEqual(
      own.map((event) => [event.type, event.stream, event.seq]),
      [
        ["meeting.created", id, 1],
        ["meeting.session_opened", id, 2],
        ["session.opened", `${id}/1`, own[2].seq],
      ],
    );
    assert.equal(own[0].data.topic, "Pages");
    assert.match(own[0].timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    // One by one is the same as all at once.
    const single = [];
    for (let after = "0"; ; ) {
      const page = await admin.ok("GET", `/api/v1/events?after=${after}&limit=1`);
      single.push(...page.events);
      after = page.cursor;
      if (!page.more) break;
    }
    assert.deepEqual(single.slice(0, all.events.length), all.events);
    const filtered = await admin.events(0, `&type=meeting.*&stream=${id}`);
    assert.deepEqual(filtered.events, own.slice(0, 2));
    const now = await admin.ok("GET", "/api/v1/events?after=now");
    assert.deepEqual([now.events, now.more], [[], false]);
    const beyond = await admin.ok("GET", "/api/v1/events?after=99999999999999");
    assert.deepEqual([beyond.events, beyond.more], [[], false]);
    for (const odd of ["after=x", "after=-1", "limit=0", "limit=1001", "limit=x", "stream=x"]) {
      const answer = await admin.call("GET", `/api/v1/events?${odd}`);
      assert.deepEqual([answer.status, answer.json.code], [400, "malformed"], odd);
    }
    const unknown = await admin.call("GET", "/api/v1/events?type=meetings.*");
    assert.deepEqual([unknown.status, unknown.json.code], [400, "event_unknown"]);
  });

  test("go on as a stream, without a hole or a double when somebody comes back", async () => {
    const listener = new Listener(admin);
    await listener.connect("?after=0");
    assert.equal(listener.headers.get("content-type"), "text/event-stream");
    for (let round = 0; round < 4; round++) {
      const id = await admin.meeting(`live ${round}`);
      await until("it is told", () => listener.events.some((event) => event.meeting === id));
      // Away, in the middle of what happens.
      const going = admin.meeting(`while away ${round}`);
      await listener.leave();
      await going;
      if (round === 2) {
        await server.kill9();
        await server.up();
        await admin.signIn();
      }
      await listener.connect();
      assert.equal(listener.status, 200);
    }
    const { events } = await admin.events(0);
    await until("the last one", () => listener.events.at(-1).id === events.at(-1).id);
    assert.deepEqual(listener.events, events);
    await listener.leave();
  });

  test("a stream ends with the sign-in, and when the server stops", async () => {
    const [signedOut, staying] = [new Listener(admin), new Listener(await Admin.of(server))];
    await signedOut.connect();
    await staying.connect();
    await admin.ok("POST", "/api/v1/sign-out", {});
    await until("it ends", () => signedOut.ended !== null);
    assert.deepEqual(signedOut.ended, { code: "sign_in_needed" });
    await until("it is closed", () => signedOut.closed);
    assert.equal(staying.ended, null);
    const began = Date.now();
    assert.equal(await server.stop(), 0);
    assert.ok(Date.now() - began < 8000, "a stream does not hold the server up");
    await staying.reading;
    await server.up();
    await admin.signIn();
  });

  test("a program listens by a key with its scope, until the key is revoked", async () => {
    const make = (scopes) => admin.ok("POST", "/api/v1/keys", { name: "Ear", scopes });
    const [hears, meets] = [await make(["events:read"]), await make(["meetings:write"])];
    const by = ({ key }) => ({ origin: admin.origin, headers: { Authorization: `Bearer ${key}` } });
    const deaf = new Listener(by(meets));
    await deaf.connect();
    assert.equal(deaf.status, 403, "another scope does not open it");
    const listener = new Listener(by(hears));
    await listener.connect("?type=meeting.created");
    assert.equal(listener.status, 200);
    await admin.meeting("Heard by a key");
    await until("it is heard", () => listener.events.length === 1);
    assert.equal(listener.events[0].data.topic, "Heard by a key");
    const page = await server.call("GET", "/api/v1/events?limit=1", undefined, by(hears).headers);
    assert.equal(page.status, 200);
    await admin.ok("DELETE", `/api/v1/keys/${hears.number}`);
    await until("it ends", () => listener.ended !== null);
    assert.deepEqual(listener.ended, { code: "key_invalid" });
    await until("it is closed", () => listener.closed);
  });

  test("so many streams and no more", async () => {
    const listeners = [];
    let refused = null;
    for (let n = 0; n < 70 && refused === null; n++) {
      const listener = new Listener(admin);
      await listener.connect();
      if (listener.status === 200) listeners.push(listener);
      else refused = listener.status;
    }
    assert.deepEqual([listeners.length, refused], [64, 503]);
    await Promise.all(listeners.map((listener) => listener.leave()));
    await until("there is room again", async () => {
      const listener = new Listener(admin);
      await listener.connect();
      if (listener.status === 200) await listener.leave();
      return listener.status === 200;
    });
  });
});
