// The connection: order, duplicates, holes, what is withheld, requests over a resume, and when it
// is over.
import { describe, expect, it } from "vitest";
import { unpack } from "../src/wire/bytes";
import { Connection, type Output } from "../src/wire/connection";
import { control, Log, view, type Made } from "./harness";

const welcome = {
  version: 1,
  client: 2n ** 63n,
  secret: new Uint8Array([1, 2]),
  who: 4,
  meeting: 88_137_455,
  session: 1,
  now: 5,
  resume_ms: 60_000,
  requests: 0,
};

type Said = Record<string, Record<string, unknown>>;
const sent = (outputs: Output[]): Said[] =>
  outputs.flatMap((o) => (o.kind === "send" ? [unpack(o.bytes.subarray(1)) as Said] : []));
const kinds = (outputs: Output[]): string[] => outputs.map((o) => o.kind);
const facts = (outputs: Output[]): number[] =>
  outputs.flatMap((o) => (o.kind === "fact" ? [o.entry.seq] : []));

class Link {
  readonly log = new Log();
  readonly connection = new Connection({ ticket: "t", agent: "test", random: () => 1 });

  constructor() {
    this.connection.opened();
    this.hear({ welcome });
    this.hear({ snapshot: { position: { epoch: 3, seq: 0 }, hash: new Uint8Array(32), view } });
  }

  hear(message: unknown): Output[] {
    return this.connection.handle(control(message), 0);
  }

  take(bytes: Uint8Array): Output[] {
    return this.connection.handle(bytes, 0);
  }

  hello(): Record<string, unknown> {
    return sent(this.connection.opened())[0]?.["hello"] ?? {};
  }

  accept(n: number, made: Made, seq: number): Output[] {
    return this.hear({
      reply: { n, result: { accepted: { epoch: 3, seq, hash: made.hash, durable: true } } },
    });
  }
}

describe("an entry in its short form", () => {
  it("is the same fact, and the chain goes on over it", () => {
    const link = new Link();
    const [first, second] = [link.log.said("a", { client: 2n ** 63n, n: 7n }), link.log.said("b")];
    const [heard] = link.take(first.short);
    const [same] = new Link().take(first.entry);
    expect(heard).toEqual(same);
    expect(facts(link.take(second.entry))).toEqual([2]);
    link.connection.closed(1006);
    expect((link.hello()["resume"] as Record<string, unknown>)["hash"]).toEqual(second.hash);
  });

  it("is of no stream before a welcome, and nothing when it is cut", () => {
    const { short } = new Log().said("a");
    const connection = new Connection({ ticket: "t", agent: "test", random: () => 0 });
    connection.opened();
    expect(kinds(connection.handle(short, 0))).toEqual(["drop"]);
    expect(kinds(new Link().take(short.subarray(0, 40)))).toEqual(["drop"]);
  });
});

describe("hello", () => {
  it("shows the ticket first, and the way back afterwards", () => {
    const connection = new Connection({ ticket: "abc", agent: "test", random: () => 0 });
    expect(sent(connection.opened())[0]).toEqual({
      hello: { versions: [1], agent: "test", ticket: "abc" },
    });
    const link = new Link();
    link.take(link.log.said("a").entry);
    link.connection.closed(1006);
    const hello = link.hello();
    expect(hello["ticket"]).toBeUndefined();
    expect(hello["resume"]).toEqual({
      meeting: 88_137_455,
      session: 1,
      client: 2n ** 63n,
      secret: new Uint8Array([1, 2]),
      position: { epoch: 3, seq: 1 },
      hash: link.log.hash,
    });
  });

  it("asks for a snapshot after a reload: it holds no facts", () => {
    const wayBack = { meeting: 1, session: 1, client: 9n, secret: new Uint8Array([3]), next: 12 };
    const connection = new Connection({ wayBack, agent: "test", random: () => 0 });
    const resume = sent(connection.opened())[0]?.["hello"]?.["resume"] as Record<string, unknown>;
    expect(Object.keys(resume).sort()).toEqual(["client", "meeting", "secret", "session"]);
    expect(connection.key?.next).toBe(12);
  });
});

describe("facts", () => {
  it("come out once, in order", () => {
    const link = new Link();
    const made = [link.log.said("a"), link.log.said("b"), link.log.said("c")];
    expect(made.flatMap((m) => facts(link.take(m.entry)))).toEqual([1, 2, 3]);
    expect(made.flatMap((m) => link.take(m.entry))).toEqual([]);
    expect(link.connection.ledger.hash).toEqual(link.log.hash);
  });

  it("with a hole drop the connection, and nothing is applied", () => {
    const link = new Link();
    link.log.said("lost");
    expect(kinds(link.take(link.log.said("b").entry))).toEqual(["drop"]);
    expect(link.connection.ledger.position.seq).toBe(0);
  });

  it("for me alone wait for their place", () => {
    const link = new Link();
    const first = link.log.said("all");
    const whisper = link.log.said("psst", { audience: 2, person: 4 });
    expect(link.take(whisper.entry)).toEqual([]);
    expect(facts(link.take(first.entry))).toEqual([1]);
    expect(facts(link.take(whisper.withheld))).toEqual([2]);
    expect(link.take(whisper.withheld)).toEqual([]);
    expect(link.connection.ledger.hash).toEqual(link.log.hash);
  });

  it("for others only move the chain", () => {
    const link = new Link();
    const hidden = link.log.said("hosts only", { audience: 1 });
    expect(kinds(link.take(hidden.withheld))).toEqual(["place"]);
    expect(facts(link.take(link.log.said("all").entry))).toEqual([2]);
    expect(link.connection.ledger.hash).toEqual(link.log.hash);
  });

  it("that were changed on the way are refused", () => {
    const link = new Link();
    const { entry } = link.log.said("a");
    entry[entry.length - 1] = (entry[entry.length - 1] ?? 0) ^ 1;
    expect(kinds(link.take(entry))).toEqual(["drop"]);
  });

  it("that were kept under another leaf are not applied, and the chain is called unsound", () => {
    const link = new Link();
    const forged = new Log().said("forged", { audience: 2, person: 4 });
    const real = link.log.said("real", { audience: 2, person: 4 });
    link.take(forged.entry);
    expect(kinds(link.take(real.withheld))).toEqual(["place"]);
    expect(link.connection.ledger.sound).toBe(false);
  });

  it("survive malformed messages as a dropped connection", () => {
    const link = new Link();
    for (const bytes of [[], [9], [1, 1], [2, 0xc1], [3, 0, 0]])
      expect(kinds(link.take(Uint8Array.from(bytes)))).toEqual(["drop"]);
  });
});

describe("requests", () => {
  it("count up, and go again after a resume with the same number until they are answered", () => {
    const link = new Link();
    const ask = (word: string) =>
      link.connection.request({ chat: { say: { to: "everyone", text: word } } }, 0);
    expect(sent(ask("a")?.outputs ?? [])[0]?.["request"]?.["n"]).toBe(1);
    expect(sent(ask("b")?.outputs ?? [])[0]?.["request"]?.["n"]).toBe(2);
    const made = link.log.said("a");
    link.take(made.entry);
    expect(link.accept(1, made, 1)).toEqual([
      { kind: "reply", n: 1, accepted: { epoch: 3, seq: 1, durable: true } },
    ]);
    link.connection.closed(1006);
    expect(ask("c")?.outputs).toEqual([]);
    link.hello();
    link.hear({ welcome: { ...welcome, requests: 2 } });
    const again = sent(link.hear({ resumed: { from: 2 } })).map((m) => m["request"]?.["n"]);
    expect(again).toEqual([2, 3]);
    expect(link.accept(1, made, 1)).toEqual([]);
  });

  it("go on above what the server has carried out", () => {
    const connection = new Connection({ ticket: "t", agent: "test", random: () => 0 });
    connection.opened();
    connection.handle(control({ welcome: { ...welcome, requests: 41 } }), 0);
    expect(connection.request({}, 0)?.n).toBe(42);
  });

  it("are refused with the server's words", () => {
    const link = new Link();
    link.connection.request({ lock: { lock: {} } }, 0);
    const refused = { code: "not_allowed", sentence: "No." };
    expect(link.hear({ reply: { n: 1, result: { refused } } })).toEqual([
      { kind: "reply", n: 1, refused },
    ]);
  });

  it("have a bound", () => {
    const link = new Link();
    for (let i = 0; i < 64; i++) expect(link.connection.request({}, 0)).not.toBeNull();
    expect(link.connection.request({}, 0)).toBeNull();
  });

  it("without an answer for too long drop the connection once", () => {
    const link = new Link();
    link.connection.request({}, 0);
    expect(kinds(link.connection.tick(19_000))).not.toContain("drop");
    expect(kinds(link.connection.tick(21_000))).toEqual(["drop"]);
    expect(kinds(link.connection.tick(22_000))).not.toContain("drop");
  });
});

describe("receipts", () => {
  it("are held against the chain, whether they come before or after the fact", () => {
    const link = new Link();
    const a = link.log.said("a");
    link.accept(1, a, 1);
    link.take(a.entry);
    const b = link.log.said("b");
    link.take(b.entry);
    link.accept(2, b, 2);
    expect(link.connection.ledger.sound).toBe(true);
    link.accept(3, { ...a, hash: new Uint8Array(32).fill(9) }, 2);
    expect(link.connection.ledger.sound).toBe(false);
  });
});

describe("the end of a connection", () => {
  it("is answered by another one, later and later, and soon again once it has held", () => {
    const link = new Link();
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(() =>
      link.connection.closed(1006).find((o) => o.kind === "connect"),
    );
    expect(waits.map((o) => (o?.kind === "connect" ? o.inMs : 0))).toEqual([
      300, 600, 1200, 2400, 4800, 6000, 6000, 6000,
    ]);
    link.hello();
    link.hear({ welcome });
    link.hear({ resumed: { from: 1 } });
    const hasty = link.connection.closed(1006);
    expect(hasty).toEqual([{ kind: "connect", inMs: 6000 }]);
    link.hello();
    link.hear({ welcome });
    link.hear({ resumed: { from: 1 } });
    link.connection.tick(5_000);
    expect(link.connection.closed(1006)).toEqual([{ kind: "connect", inMs: 300 }]);
  });

  it("is final when the server says so, with its words", () => {
    const link = new Link();
    link.connection.request({}, 0);
    link.hear({ bye: { code: 4404, reason: "removed", sentence: "A host removed you." } });
    const out = link.connection.closed(4404);
    expect(kinds(out)).toEqual(["reply", "over"]);
    expect(out.at(-1)).toEqual({
      kind: "over",
      over: { why: "removed", refused: { code: "removed", sentence: "A host removed you." } },
    });
    expect(link.connection.closed(1006)).toEqual([]);
  });

  it.each([
    [4410, "ended"],
    [4409, "elsewhere"],
    [4401, "ticket"],
    [1000, "left"],
  ])("by %d means %s even without a word", (code, why) => {
    const out = new Link().connection.closed(code);
    expect(out.at(-1)).toMatchObject({ kind: "over", over: { why } });
  });

  it("for a malformed message gives up what was asked instead of asking it for ever", () => {
    const link = new Link();
    link.connection.request({ odd: {} }, 0);
    expect(kinds(link.connection.closed(4400))).toEqual(["reply", "connect"]);
    link.hello();
    expect(sent(link.hear({ resumed: { from: 1 } }))).toEqual([]);
  });

  it("by a log that does not know our facts starts again from a snapshot", () => {
    const link = new Link();
    link.take(link.log.said("a").entry);
    link.connection.closed(4440);
    expect(Object.keys(link.hello()["resume"] as object)).not.toContain("position");
  });
});

describe("time", () => {
  it("confirms every five seconds what is held", () => {
    const link = new Link();
    link.take(link.log.said("a").entry);
    expect(link.connection.tick(4_000)).toEqual([]);
    expect(sent(link.connection.tick(5_000))).toEqual([{ confirm: { seq: 1, media: 0 } }]);
    expect(link.connection.tick(6_000)).toEqual([]);
  });

  it("confirms the media frames of this connection with their headers", () => {
    const link = new Link();
    for (const size of [1, 125, 126, 16_384, 65_535, 65_536]) {
      const media = new Uint8Array(size);
      media[0] = 0x10;
      expect(kinds(link.take(media))).toEqual(["media"]);
    }
    const frames = 3 + 127 + 130 + 16_388 + 65_539 + 65_546;
    expect(sent(link.connection.tick(5_000))).toEqual([{ confirm: { seq: 0, media: frames } }]);
    link.connection.closed(1006);
    link.hello();
    link.hear({ welcome });
    link.hear({ resumed: { from: 1 } });
    expect(sent(link.connection.tick(5_000))).toEqual([{ confirm: { seq: 0, media: 0 } }]);
  });
});

describe("codecs", () => {
  it("that cannot be decoded are told, and what others can decode is heard", () => {
    const link = new Link();
    expect(sent(link.connection.undecodable(3, ["vp8", "avc1"]))).toEqual([
      { undecodable: { track: 3, decodes: ["vp8", "avc1"] } },
    ]);
    expect(link.hear({ codec_wanted: { track: 4, decodes: ["vp8"] } })).toEqual([
      { kind: "codec_wanted", track: 4, decodes: ["vp8"] },
    ]);
    expect(kinds(link.hear({ codec_wanted: { track: 4, decodes: 7 } }))).toEqual(["drop"]);
    link.connection.closed(1006);
    expect(link.connection.undecodable(3, ["vp8"])).toEqual([]);
  });
});
