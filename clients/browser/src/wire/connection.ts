// One client's link as a value that is stepped: bytes and times go in, outputs come out; no socket, no clock.
import { num, pack, tagged, unpack } from "./bytes";
import { entry_kind, readEntry, readWithheld, withheld_kind, type Entry } from "./entry";
import { Ledger, type Position } from "./ledger";

const control_kind = 0x02;
const media_kind = 0x10;
const confirm_every_ms = 5_000;
const gap_patience_ms = 3_000;
const answer_patience_ms = 20_000;
const backoff_first_ms = 300;
const backoff_max_ms = 10_000;
const unanswered_max = 64;

/** The right to come back. */
export type ResumeKey = { client: bigint; secret: Uint8Array; next: number };

/** A "no" with its stable code. */
export type Refused = { code: string; sentence: string };

/** What was granted, and where the fact stands. */
export type Accepted = { epoch: number; seq: number; durable: boolean };

/** Who we are in the session. */
export type Welcome = { who: number; meeting: number; session: number; client: bigint; now: number };

/** What the shell has to do or to tell. */
export type Output =
  | { kind: "send"; bytes: Uint8Array }
  | { kind: "drop"; reason: string }
  | { kind: "connect"; inMs: number }
  | { kind: "welcome"; welcome: Welcome }
  | { kind: "waiting" }
  | { kind: "snapshot"; view: Record<string, unknown> }
  | { kind: "live"; resumed: boolean }
  | { kind: "facts"; entries: Entry[] }
  | { kind: "media"; bytes: Uint8Array }
  | { kind: "reply"; n: number; command: unknown; accepted?: Accepted; refused?: Refused }
  | { kind: "key_frame_wanted"; track: number }
  | { kind: "slower"; track: number; bitsPerSecond: number }
  | { kind: "bye"; code: number; reason: string }
  | { kind: "violation"; what: string };

type Pending = { n: number; command: unknown; sent: number };

export class Connection {
  readonly ledger = new Ledger();
  /** Times the link was lost and is being or was rebuilt. */
  reconnects = 0;
  private open = false;
  private live = false;
  private mayRequest = false;
  private over = false;
  private attempts = 0;
  private next: number;
  private unanswered: Pending[] = [];
  private resume: ResumeKey | null;
  private started = false;
  private confirmedAt = 0;
  private confirmed = 0;
  private gapSince = 0;

  constructor(
    private readonly options: { ticket?: string; resume?: ResumeKey | null; agent: string; random: () => number },
  ) {
    this.resume = options.resume ?? null;
    this.next = this.resume?.next ?? 1;
  }

  /** The right to come back, to be kept for a reload. */
  get key(): ResumeKey | null {
    return this.resume ? { ...this.resume, next: this.next } : null;
  }

  /** Requests that have no answer yet. */
  get pending(): readonly { n: number; command: unknown }[] {
    return this.unanswered;
  }

  /** True while facts flow. */
  get isLive(): boolean {
    return this.live;
  }

  /** The socket is open: says hello. */
  opened(): Output[] {
    this.open = true;
    const hello: Record<string, unknown> = { versions: [1], agent: this.options.agent };
    if (this.resume) {
      hello["resume"] = {
        client: this.resume.client,
        secret: this.resume.secret,
        position: this.started ? this.ledger.position : undefined,
        hash: this.started ? this.ledger.hash : undefined,
      };
    } else {
      hello["ticket"] = this.options.ticket;
    }
    return [this.control("hello", hello)];
  }

  /** The socket closed or could not be opened: asks for another one, later and later. */
  closed(): Output[] {
    const was = this.open;
    this.open = false;
    this.live = false;
    this.mayRequest = false;
    this.gapSince = 0;
    this.ledger.forgetAhead();
    if (this.over) return [];
    if (was) this.reconnects += 1;
    const ceiling = Math.min(backoff_max_ms, backoff_first_ms * 2 ** this.attempts);
    this.attempts += 1;
    return [{ kind: "connect", inMs: Math.round(ceiling * (0.5 + this.options.random() / 2)) }];
  }

  /** Nothing more will be said: the person left. */
  finish(): void {
    this.over = true;
    this.live = false;
  }

  /** A wish of the person; it is kept until it is answered. */
  request(command: unknown, now: number): { n: number; outputs: Output[] } | null {
    if (this.unanswered.length >= unanswered_max || this.over) return null;
    const pending = { n: this.next++, command, sent: now };
    this.unanswered.push(pending);
    return { n: pending.n, outputs: this.mayRequest ? [this.ask(pending)] : [] };
  }

  /** Asks the publisher of a track for a key frame. */
  keyFrame(track: number): Output[] {
    return this.live ? [this.control("key_frame", { track })] : [];
  }

  /** Time passes; called about once a second. */
  tick(now: number): Output[] {
    const out: Output[] = [];
    if (!this.live) return out;
    if (this.ledger.hasGap) {
      if (this.gapSince === 0) this.gapSince = now;
      else if (now - this.gapSince > gap_patience_ms) return [{ kind: "drop", reason: "gap" }];
    } else {
      this.gapSince = 0;
    }
    const oldest = this.unanswered[0];
    if (oldest && now - oldest.sent > answer_patience_ms) {
      oldest.sent = now;
      return [{ kind: "drop", reason: "no answer" }];
    }
    if (now - this.confirmedAt >= confirm_every_ms) {
      this.confirmedAt = now;
      this.confirmed = this.ledger.position.seq;
      out.push(this.control("confirm", { seq: this.confirmed }));
    }
    return out;
  }

  /** One message of the server. */
  handle(bytes: Uint8Array, now: number): Output[] {
    try {
      return this.read(bytes, now);
    } catch (error) {
      const what = error instanceof Error ? error.message : "malformed";
      return [{ kind: "violation", what }, { kind: "drop", reason: what }];
    }
  }

  private read(bytes: Uint8Array, now: number): Output[] {
    const facts: Entry[] = [];
    switch (bytes[0]) {
      case media_kind:
        return [{ kind: "media", bytes }];
      case entry_kind:
        if (this.ledger.entry(readEntry(bytes), facts) === "broken") return [{ kind: "drop", reason: "gap" }];
        return facts.length > 0 && this.started ? [{ kind: "facts", entries: facts }] : [];
      case withheld_kind:
        if (this.ledger.withheld(readWithheld(bytes), facts) === "broken") return [{ kind: "drop", reason: "gap" }];
        return facts.length > 0 && this.started ? [{ kind: "facts", entries: facts }] : [];
      case control_kind:
        return this.controlled(unpack(bytes.subarray(1)), now);
      default:
        throw new Error(`unknown message kind ${bytes[0]}`);
    }
  }

  private controlled(message: unknown, now: number): Output[] {
    const [tag, body] = tagged(message);
    switch (tag) {
      case "welcome": {
        const client = BigInt(body["client"] as number | bigint);
        this.resume = { client, secret: body["secret"] as Uint8Array, next: this.next };
        const welcome: Welcome = {
          client,
          who: num(body["who"]),
          meeting: num(body["meeting"]),
          session: num(body["session"]),
          now: num(body["now"]),
        };
        return [{ kind: "welcome", welcome }];
      }
      case "waiting":
        this.attempts = 0;
        this.mayRequest = true;
        return [{ kind: "waiting" }, ...this.again(now)];
      case "snapshot": {
        const at = body["position"] as Record<string, unknown>;
        const ahead: Entry[] = [];
        this.ledger.start({ epoch: num(at["epoch"]), seq: num(at["seq"]) }, body["hash"] as Uint8Array, ahead);
        const resumed = this.started;
        this.started = true;
        const out: Output[] = [{ kind: "snapshot", view: body["view"] as Record<string, unknown> }];
        if (ahead.length > 0) out.push({ kind: "facts", entries: ahead });
        return [...out, ...this.begin(resumed, now)];
      }
      case "resumed":
        return this.begin(true, now);
      case "reply":
        return this.reply(num(body["n"]), body["result"]);
      case "key_frame_wanted":
        return [{ kind: "key_frame_wanted", track: num(body["track"]) }];
      case "slower":
        return [{ kind: "slower", track: num(body["track"]), bitsPerSecond: num(body["bits_per_second"]) }];
      case "bye":
        return [{ kind: "bye", code: num(body["code"]), reason: String(body["reason"] ?? "") }];
      default:
        // A newer server may say more than this client knows.
        return [];
    }
  }

  private begin(resumed: boolean, now: number): Output[] {
    this.live = true;
    this.attempts = 0;
    this.confirmedAt = now;
    this.mayRequest = true;
    return [{ kind: "live", resumed }, ...this.again(now)];
  }

  private again(now: number): Output[] {
    return this.unanswered.map((pending) => {
      pending.sent = now;
      return this.ask(pending);
    });
  }

  private reply(n: number, result: unknown): Output[] {
    const at = this.unanswered.findIndex((pending) => pending.n === n);
    const [pending] = at >= 0 ? this.unanswered.splice(at, 1) : [];
    const [tag, body] = tagged(result);
    if (tag === "refused") {
      const refused = { code: String(body["code"]), sentence: String(body["sentence"] ?? "") };
      return pending ? [{ kind: "reply", n, command: pending.command, refused }] : [];
    }
    const accepted = { epoch: num(body["epoch"]), seq: num(body["seq"]), durable: body["durable"] === true };
    const hash = body["hash"];
    if (hash instanceof Uint8Array && hash.length === 32 && accepted.seq > 0) this.ledger.receipt(accepted.seq, hash);
    return pending ? [{ kind: "reply", n, command: pending.command, accepted }] : [];
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
