// One client's link as a value that is stepped: bytes and times go in, outputs come out; no
// socket, no clock.
import { num, pack, tagged, texts, unpack } from "./bytes";
import { ending, type Ending } from "./close";
import {
  entry_kind,
  readEntry,
  readShort,
  readWithheld,
  short_kind,
  withheld_kind,
  type Entry,
} from "./entry";
import { Ledger, type Position, type Taken } from "./ledger";

const control_kind = 0x02;
const media_kind = 0x10;
const confirm_every_ms = 5_000;
const answer_patience_ms = 20_000;
const backoff_first_ms = 300;
const backoff_max_ms = 6_000;
const unanswered_max = 64;

/** The header of a WebSocket frame of the server with so many bytes behind it. */
const frameHeaderBytes = (payload: number): number =>
  payload < 126 ? 2 : payload < 65_536 ? 4 : 10;

/** The way back into a session; `next` is the number of the next request. */
export type WayBack = {
  meeting: number;
  session: number;
  client: bigint;
  secret: Uint8Array;
  next: number;
};

/** A "no" with its stable code. */
export type Refused = { code: string; sentence: string };

/** What was granted, and where its last fact stands. */
export type Accepted = { epoch: number; seq: number; durable: boolean };

/** Who we are in the session. */
export type Welcome = {
  who: number;
  meeting: number;
  session: number;
  client: bigint;
  now: number;
};

/** Why it is over, with the server's words. */
export type Over = { why: Extract<Ending, { over: string }>["over"]; refused: Refused };

/** What the shell has to do, and what it has to tell. */
export type Output =
  | { kind: "send"; bytes: Uint8Array }
  | { kind: "drop"; reason: string }
  | { kind: "connect"; inMs: number }
  | Told;

/** What the owner of a connection is told. */
export type Told =
  | { kind: "welcome"; welcome: Welcome }
  | { kind: "waiting" }
  | { kind: "snapshot"; view: Record<string, unknown> }
  | { kind: "live"; resumed: boolean }
  | { kind: "fact"; entry: Entry }
  | { kind: "place" }
  | { kind: "media"; bytes: Uint8Array }
  | { kind: "reply"; n: number; accepted?: Accepted; refused?: Refused }
  | { kind: "key_frame_wanted"; track: number }
  | { kind: "codec_wanted"; track: number; decodes: string[] }
  | { kind: "slower"; track: number; bitsPerSecond: number }
  | { kind: "over"; over: Over };

type Pending = { n: number; command: unknown; sent: number };

/** What a connection starts from: a ticket, or the way back. */
export type Start = {
  ticket?: string;
  wayBack?: WayBack | null;
  agent: string;
  random: () => number;
};

export class Connection {
  readonly ledger = new Ledger();
  /** Times the link was lost after it had been there. */
  reconnects = 0;
  private wayBack: Omit<WayBack, "next"> | null;
  private next: number;
  private unanswered: Pending[] = [];
  private open = false;
  private greeted = false;
  private live = false;
  private mayAsk = false;
  private over = false;
  private started = false;
  private attempts = 0;
  private confirmedAt = 0;
  /** Bytes of media frames on this connection, headers included. */
  private mediaBytes = 0;
  private said: { code: number; refused: Refused } | null = null;

  constructor(private readonly start: Start) {
    const { next = 1, ...wayBack } = start.wayBack ?? {};
    this.wayBack = start.wayBack ? (wayBack as Omit<WayBack, "next">) : null;
    this.next = next;
  }

  /** The way back, to be kept for a reload. */
  get key(): WayBack | null {
    return this.wayBack ? { ...this.wayBack, next: this.next } : null;
  }

  /** True while facts flow. */
  get isLive(): boolean {
    return this.live;
  }

  /** The socket is open: says hello. */
  opened(): Output[] {
    this.open = true;
    this.mediaBytes = 0;
    this.said = null;
    const hello: Record<string, unknown> = { versions: [1], agent: this.start.agent };
    if (this.wayBack) {
      const place = this.started ? { position: this.ledger.position, hash: this.ledger.hash } : {};
      hello["resume"] = { ...this.wayBack, ...place };
    } else {
      hello["ticket"] = this.start.ticket;
    }
    return [this.control("hello", hello)];
  }

  /**
   * The socket closed, or could not be opened: it is over, or another one is asked for, later
   * and later.
   */
  closed(code: number): Output[] {
    const was = this.open && this.greeted;
    this.open = false;
    this.greeted = false;
    this.live = false;
    this.mayAsk = false;
    this.ledger.forgetAhead();
    if (this.over) return [];
    const { code: reason, refused } = this.said ?? { code, refused: { code: "", sentence: "" } };
    this.said = null;
    const end = ending(reason);
    if ("over" in end) {
      this.over = true;
      return [...this.giveUp(), { kind: "over", over: { why: end.over, refused } }];
    }
    const out: Output[] = [];
    if (end.retry === "without requests") out.push(...this.giveUp());
    if (end.retry === "from a snapshot") this.started = false;
    if (was) this.reconnects += 1;
    const ceiling = Math.min(backoff_max_ms, backoff_first_ms * 2 ** this.attempts);
    this.attempts += 1;
    out.push({ kind: "connect", inMs: Math.round(ceiling * (0.5 + this.start.random() / 2)) });
    return out;
  }

  /** Nothing more will be said: the person left. */
  finish(): void {
    this.over = true;
    this.live = false;
  }

  /** A wish of the person; it is kept until it is answered. Null when too many wait already. */
  request(command: unknown, now: number): { n: number; outputs: Output[] } | null {
    if (this.unanswered.length >= unanswered_max || this.over) return null;
    const pending = { n: this.next++, command, sent: now };
    this.unanswered.push(pending);
    return { n: pending.n, outputs: this.mayAsk ? [this.ask(pending)] : [] };
  }

  /** Asks the publisher of a track for a key frame. */
  keyFrame(track: number): Output[] {
    return this.live ? [this.control("key_frame", { track })] : [];
  }

  /** Tells the publisher of a track that there is no decoder for it, only for these codecs. */
  undecodable(track: number, decodes: string[]): Output[] {
    return this.live ? [this.control("undecodable", { track, decodes })] : [];
  }

  /** Time passes; called about once a second. */
  tick(now: number): Output[] {
    if (!this.live) return [];
    const oldest = this.unanswered[0];
    if (oldest && now - oldest.sent > answer_patience_ms) {
      for (const pending of this.unanswered) pending.sent = now;
      return [{ kind: "drop", reason: "no answer" }];
    }
    if (now - this.confirmedAt < confirm_every_ms) return [];
    this.confirmedAt = now;
    // The link has held for a while; one that breaks again at once must not be rebuilt in haste.
    this.attempts = 0;
    const { seq } = this.ledger.position;
    return [this.control("confirm", { seq, media: this.mediaBytes })];
  }

  /** One message of the server. */
  handle(bytes: Uint8Array, now: number): Output[] {
    try {
      return this.read(bytes, now);
    } catch (error) {
      return [{ kind: "drop", reason: error instanceof Error ? error.message : "malformed" }];
    }
  }

  private read(bytes: Uint8Array, now: number): Output[] {
    switch (bytes[0]) {
      case media_kind:
        this.mediaBytes += frameHeaderBytes(bytes.length) + bytes.length;
        return [{ kind: "media", bytes }];
      case entry_kind:
        return this.taken(this.ledger.entry(readEntry(bytes)));
      case short_kind:
        if (!this.wayBack) throw new Error("an entry before the welcome");
        return this.taken(this.ledger.entry(readShort(bytes, this.wayBack)));
      case withheld_kind:
        return this.taken(this.ledger.withheld(readWithheld(bytes)));
      case control_kind:
        return this.controlled(unpack(bytes.subarray(1)), now);
      default:
        throw new Error(`unknown message kind ${bytes[0]}`);
    }
  }

  private taken(taken: Taken): Output[] {
    if (taken === "hole") return [{ kind: "drop", reason: "a fact is missing" }];
    if (taken === "withheld") return [{ kind: "place" }];
    return typeof taken === "string" ? [] : [{ kind: "fact", entry: taken }];
  }

  private controlled(message: unknown, now: number): Output[] {
    const [tag, body] = tagged(message);
    switch (tag) {
      case "welcome":
        return [this.welcomed(body)];
      case "waiting":
        this.attempts = 0;
        return [{ kind: "waiting" }, ...this.again(now)];
      case "snapshot": {
        const at = body["position"] as Record<string, unknown>;
        this.ledger.start(
          { epoch: num(at["epoch"]), seq: num(at["seq"]) },
          body["hash"] as Uint8Array,
        );
        const resumed = this.started;
        this.started = true;
        return [
          { kind: "snapshot", view: body["view"] as Record<string, unknown> },
          ...this.begin(resumed, now),
        ];
      }
      case "resumed":
        if (num(body["from"]) !== this.ledger.position.seq + 1)
          throw new Error("resumed at another place");
        return this.begin(true, now);
      case "reply":
        return this.reply(num(body["n"]), body["result"]);
      case "key_frame_wanted":
        return [{ kind: "key_frame_wanted", track: num(body["track"]) }];
      case "codec_wanted":
        return [
          { kind: "codec_wanted", track: num(body["track"]), decodes: texts(body["decodes"]) },
        ];
      case "slower":
        return [
          {
            kind: "slower",
            track: num(body["track"]),
            bitsPerSecond: num(body["bits_per_second"]),
          },
        ];
      case "bye":
        // The close frame follows; what it means is decided there.
        this.said = {
          code: num(body["code"]),
          refused: { code: String(body["reason"] ?? ""), sentence: String(body["sentence"] ?? "") },
        };
        return [];
      default:
        // A newer server may say more than this client knows.
        return [];
    }
  }

  private welcomed(body: Record<string, unknown>): Output {
    const client = BigInt(body["client"] as number | bigint);
    const meeting = num(body["meeting"]);
    const session = num(body["session"]);
    this.wayBack = { meeting, session, client, secret: body["secret"] as Uint8Array };
    this.next = Math.max(this.next, num(body["requests"] ?? 0) + 1);
    this.greeted = true;
    return {
      kind: "welcome",
      welcome: { client, meeting, session, who: num(body["who"]), now: num(body["now"]) },
    };
  }

  private begin(resumed: boolean, now: number): Output[] {
    this.live = true;
    this.confirmedAt = now;
    return [{ kind: "live", resumed }, ...this.again(now)];
  }

  private again(now: number): Output[] {
    this.mayAsk = true;
    return this.unanswered.map((pending) => {
      pending.sent = now;
      return this.ask(pending);
    });
  }

  private giveUp(): Output[] {
    const refused = { code: "malformed", sentence: "" };
    return this.unanswered.splice(0).map(({ n }) => ({ kind: "reply", n, refused }));
  }

  private reply(n: number, result: unknown): Output[] {
    const at = this.unanswered.findIndex((pending) => pending.n === n);
    if (at >= 0) this.unanswered.splice(at, 1);
    const [tag, body] = tagged(result);
    if (tag === "refused") {
      const refused = { code: String(body["code"]), sentence: String(body["sentence"] ?? "") };
      return at >= 0 ? [{ kind: "reply", n, refused }] : [];
    }
    const accepted = {
      epoch: num(body["epoch"]),
      seq: num(body["seq"]),
      durable: body["durable"] === true,
    };
    const hash = body["hash"];
    if (hash instanceof Uint8Array && hash.length === 32 && accepted.seq > 0)
      this.ledger.receipt(accepted.seq, hash);
    return at >= 0 ? [{ kind: "reply", n, accepted }] : [];
  }

  private ask(pending: Pending): Output {
    return this.control("request", { n: pending.n, command: pending.command });
  }

  private control(tag: string, body: Record<string, unknown>): Output {
    const packed = pack({ [tag]: body });
    const bytes = new Uint8Array(packed.length + 1);
    bytes[0] = control_kind;
    bytes.set(packed, 1);
    return { kind: "send", bytes };
  }
}

export type { Entry, Position };
