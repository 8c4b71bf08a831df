// The legacy forms as real callers send them, and what every page says in its headers.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { boot, rawGet, rawPost } from "./harness/raw.mjs";
import { OUT, Server } from "./harness/server.mjs";

const DOOR = "/as/wapi/goto_downloader";
const PASSWORD = "canary-7f3a9c";

describe("legacy forms", () => {
  let server;
  let id;
  let shown;
  let opened;

  before(async () => {
    server = await Server.start("forms", "[join]\nfailures_burst = 1000\n");
    const meeting = await server.makeMeeting({ topic: "Forms", password: PASSWORD });
    id = meeting.id;
    shown = `${id.slice(0, 4)}-${id.slice(4)}`;
    const cookie = { ...meeting.origin, Cookie: meeting.cookie };
    opened = await server.call("POST", `/api/v1/meetings/${id}/host`, {}, cookie);
    assert.equal(opened.status, 200, opened.text);
  });

  after(() => server?.remove());

  const attendee = (rest) => `${DOOR}?role=attendee&${rest}`;

  test("an attendee comes in by GET with raw spaces, a hyphened id, in any order", async () => {
    const calls = [
      `name=Brian Smith&meeting_id=${shown}&password=${PASSWORD}&sumbit=submit`,
      `name=Brian+Smith&meeting_id=${id}&password=${PASSWORD}&submit=submit`,
      `password=${PASSWORD}&meeting_id=${id.slice(0, 4)} ${id.slice(4)}&name=Brian%20Smith`,
      `sumbit=submit&whatever=1&name=Brian Smith&meeting_id=${shown}&password=${PASSWORD}`,
    ];
    for (const call of calls) {
      const page = await rawGet(server.port, attendee(call));
      assert.equal(page.status, 200, call);
      const facts = boot(page);
      assert.equal(facts.name, "Brian Smith", call);
      assert.ok(facts.ticket, call);
      assert.equal(String(facts.meeting.id).replace("-", ""), id, call);
    }
  });

  test("names come as raw UTF-8 and as GBK", async () => {
    const rest = `&meeting_id=${shown}&password=${PASSWORD}&sumbit=submit`;
    const utf8 = await rawGet(server.port, attendee(`name=张伟 Müller${rest}`));
    assert.equal(boot(utf8).name, "张伟 Müller");
    const gbk = Buffer.concat([
      Buffer.from(`${DOOR}?role=attendee&name=`),
      Buffer.from([0xd5, 0xc5, 0xce, 0xb0]),
      Buffer.from(rest),
    ]);
    assert.equal(boot(await rawGet(server.port, gbk)).name, "张伟");
  });

  test("the same by a form POST", async () => {
    const form = `role=attendee&name=Brian+Smith&meeting_id=${shown}&password=${PASSWORD}`;
    const page = await rawPost(server.port, DOOR, `${form}&sumbit=submit`);
    assert.equal(page.status, 200);
    assert.equal(boot(page).name, "Brian Smith");
    assert.ok(boot(page).ticket);
  });

  test("opening a link twice, as mail scanners do, uses nothing up", async () => {
    const call = attendee(`name=Ann&meeting_id=${shown}&password=${PASSWORD}&sumbit=submit`);
    const first = boot(await rawGet(server.port, call));
    const second = boot(await rawGet(server.port, call));
    assert.ok(first.ticket && second.ticket);
    assert.notEqual(first.ticket, second.ticket);
  });

  test("an unknown id and a wrong password get the same refusal", async () => {
    const unknown = id === "10000001" ? "10000002" : "10000001";
    const calls = [`meeting_id=${unknown}&password=${PASSWORD}`, `meeting_id=${id}&password=no`];
    const refusals = [];
    for (const call of calls) {
      const page = await rawGet(server.port, attendee(`name=Eve&${call}&sumbit=submit`));
      const facts = boot(page);
      assert.equal(facts.ticket, undefined);
      assert.ok(facts.refusal, page.body);
      refusals.push([page.status, facts.refusal]);
    }
    assert.equal(refusals[0][1].code, "cannot_join");
    assert.deepEqual(refusals[0], refusals[1]);
  });

  test("a host comes in with the account's password, and is asked for an empty one", async () => {
    const email = encodeURIComponent(server.email);
    const call = `${DOOR}?role=host&email=${email}&user_password=`;
    const known = boot(await rawGet(server.port, `${call}${server.password}`));
    // The page's script uses this by POST; whoever merely opens the address makes nothing.
    assert.ok(known.pending, JSON.stringify(known));
    assert.equal(known.ticket, undefined);
    assert.equal(known.role, "host");
    const asked = boot(await rawGet(server.port, call));
    assert.equal(asked.ticket, undefined);
    assert.equal(asked.role, "host");
    assert.equal(asked.email, server.email);
    const wrong = boot(await rawGet(server.port, `${call}wrong`));
    assert.equal(wrong.ticket, undefined);
    assert.ok(wrong.refusal);
  });

  test("a name given twice with different values is refused", async () => {
    const call = `name=Ann&name=Eve&meeting_id=${shown}&password=${PASSWORD}`;
    const page = await rawGet(server.port, attendee(call));
    assert.ok(page.status >= 400 || boot(page).refusal, page.body.slice(0, 200));
    if (page.status < 400) assert.equal(boot(page).ticket, undefined);
  });

  test("the viewer's parameters are in the path", async () => {
    const page = await rawGet(server.port, `/id=${shown}&name=Vera Wu&password=${PASSWORD}`);
    assert.equal(page.status, 200);
    const facts = boot(page);
    assert.ok(facts.ticket, JSON.stringify(facts));
    assert.equal(facts.name, "Vera Wu");
  });

  test("the short link leads to the form", async () => {
    const page = await rawGet(server.port, `/join?id=${shown}`);
    assert.equal(page.status, 200);
    assert.match(page.body, /id="app"/);
  });

  test("every page has the header table", async () => {
    const paths = ["/", "/join?id=10000001", `/m/${id}`, "/setup", attendee("name=a&meeting_id=1")];
    for (const path of paths) {
      const { head } = await rawGet(server.port, path);
      assert.match(head, /content-security-policy: default-src 'none'; script-src 'self'/, path);
      assert.match(head, /require-trusted-types-for 'script'/, path);
      assert.match(head, /frame-ancestors 'none'/, path);
      assert.match(head, /x-content-type-options: nosniff/, path);
      assert.match(head, /referrer-policy: same-origin/, path);
      assert.match(head, /cross-origin-opener-policy: same-origin/, path);
      assert.doesNotMatch(head, /unsafe-inline|unsafe-eval/, path);
      assert.doesNotMatch(head, /\nserver: /, path);
    }
  });

  test("a call that changes something must come from this server's own pages", async () => {
    const account = { email: server.email, password: server.password };
    for (const Origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
      const answer = await server.call("POST", "/api/v1/sign-in", account, { Origin });
      assert.equal(answer.status, 403, Origin);
      assert.equal(answer.headers.get("set-cookie"), null, Origin);
    }
  });

  test("no password of a legacy call reaches the log or an error", async () => {
    await rawGet(server.port, `${DOOR}?role=attendee&name=x&meeting_id=zzz&password=${PASSWORD}`);
    await rawGet(server.port, `/as/wapi/nothing?password=${PASSWORD}`);
    const log = await readFile(join(OUT, "forms-server.log"), "utf8");
    assert.ok(log.length > 0, "the server logged nothing at all");
    assert.ok(!log.includes(PASSWORD), "the meeting password is in the log");
    assert.ok(!log.includes(server.password), "the account's password is in the log");
  });
});
