// One person's place in one session: the connection, the fold, what is received and what is sent,
// as signals.
import { signal } from "@preact/signals";
import { text, refusalSentence } from "../i18n";
import { Player } from "../media/player";
import { apply } from "../model/fold";
import { readSnapshot } from "../model/snapshot";
import { emptyView, type To, type View } from "../model/view";
import { command } from "../model/command";
import { announce, toast } from "../ui/toast";
import { hex, unhex } from "../wire/bytes";
import type { Over, Told, WayBack } from "../wire/connection";
import { Socket } from "../wire/socket";
import { forgetResume, keepResume, keptResume } from "./keep";
import { Local, type Asked } from "./local";
import { news } from "./news";

/** Where the person is. */
export type Phase = { at: "connecting" | "lobby" | "live" } | { at: "over"; over: Over };

/** The state of the link; `retryAt` is a time of `performance.now()`. */
export type Link = { ok: true } | { ok: false; retryAt: number };

/** A chat message that has no place in the log yet. */
export type Sending = { key: number; to: To; text: string; failed: string | null; seq: number };

const redraw_ms = 25;
const slower_told_ms = 60_000;

export class Session {
  readonly phase = signal<Phase>({ at: "connecting" });
  readonly link = signal<Link>({ ok: true });
  /** Grows with every change of the view. */
  readonly revision = signal(0);
  readonly me = signal(0);
  readonly sending = signal<Sending[]>([]);
  readonly player: Player;
  readonly local: Local;
  view: View = emptyView();
  /** Milliseconds to add to this computer's clock to get the server's. */
  clockOffset = 0;
  private readonly socket: Socket;
  private readonly waiters = new Map<number, (asked: Asked) => void>();
  private scheduled = false;
  private sendKey = 1;
  private wasLive = false;
  private slowerToldAt = -Infinity;

  constructor(
    readonly meeting: string,
    start: { ticket?: string },
  ) {
    this.player = new Player({
      keyFrame: (track) => this.socket.keyFrame(track),
      codec: (track, decodes) => this.socket.undecodable(track, decodes),
    });
    const kept = start.ticket ? null : keptWayBack(meeting);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new Socket(
      `${scheme}//${location.host}/ws`,
      start.ticket ? { ticket: start.ticket } : { wayBack: kept },
      { told: (told) => this.told(told), lost: (inMs) => this.lost(inMs) },
    );
    this.local = new Local({
      ask: (wish) => this.ask(wish),
      buffered: () => this.socket.buffered,
      send: (message) => this.socket.media(message),
      me: () => this.me.value,
      view: () => this.view,
      failed: (kind, why) => {
        const t = text.value.errors;
        if (why === "no encoder") toast(t.noEncoder, true);
        else if (why !== "denied") toast(refusalSentence(why), true);
        else
          toast(
            { screen: t.shareFailed, camera: t.cameraDenied, microphone: t.micDenied }[kind],
            true,
          );
      },
    });
  }

  /** Position, hash and state of the link, for the details dialog and for tests. */
  get diagnostics() {
    const { ledger, reconnects } = this.socket.connection;
    return {
      seq: ledger.position.seq,
      epoch: ledger.position.epoch,
      chain: hex(ledger.hash),
      sound: ledger.sound,
      reconnects,
      buffered: this.socket.buffered,
    };
  }

  /** A wish; gives its answer. */
  ask(wish: unknown): Promise<Asked> {
    const n = this.socket.request(wish);
    if (n === null) return Promise.resolve({ refused: { code: "too_fast", sentence: "" } });
    this.keep();
    return new Promise((resolve) => this.waiters.set(n, resolve));
  }

  /** A wish whose refusal is shown as a toast. */
  async wish(wish: unknown): Promise<void> {
    const asked = await this.ask(wish);
    if ("refused" in asked && asked.refused.code !== "already_done")
      toast(refusalSentence(asked.refused), true);
  }

  /** Says something; it is shown at once and marked until it has its place. */
  async say(to: To, words: string): Promise<void> {
    const sending: Sending = { key: this.sendKey++, to, text: words, failed: null, seq: 0 };
    this.sending.value = [...this.sending.value, sending];
    const asked = await this.ask(command.say(to, words));
    const settled = this.sending.value.filter((other) => other.key !== sending.key);
    // A repeated request whose answer is forgotten was carried out all the same.
    if ("refused" in asked && asked.refused.code === "already_done") {
      this.sending.value = settled;
    } else if ("refused" in asked) {
      const failed = refusalSentence(asked.refused);
      this.sending.value = [...settled, { ...sending, failed }];
      toast(failed, true);
    } else if (asked.seq <= this.diagnostics.seq) {
      this.sending.value = settled;
    } else {
      this.sending.value = this.sending.value.map((s) =>
        s.key === sending.key ? { ...s, seq: asked.seq } : s,
      );
    }
  }

  /** Forgets a message that was not sent. */
  forget(key: number): void {
    this.sending.value = this.sending.value.filter((sending) => sending.key !== key);
  }

  /** Leaves; the others go on. */
  async leave(): Promise<void> {
    const asked = this.ask(command.leave());
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 1_500))]);
    this.finish({ why: "left", refused: { code: "", sentence: "" } });
  }

  /** Tries to connect at once. */
  retry(): void {
    this.socket.now();
  }

  /** Lets go of everything. */
  finish(over: Over): void {
    if (this.phase.value.at === "over") return;
    this.phase.value = { at: "over", over };
    forgetResume(this.meeting);
    this.local.finish();
    this.player.finish();
    this.socket.finish();
  }

  private told(told: Told): void {
    switch (told.kind) {
      case "welcome":
        this.me.value = told.welcome.who;
        this.clockOffset = told.welcome.now - Date.now();
        this.keep();
        break;
      case "waiting":
        this.phase.value = { at: "lobby" };
        this.link.value = { ok: true };
        break;
      case "snapshot":
        this.view = readSnapshot(told.view);
        this.changed();
        break;
      case "live":
        this.live();
        break;
      case "fact":
        this.fact(told);
        break;
      case "place":
        this.settleSending();
        break;
      case "media":
        this.player.media(told.bytes);
        break;
      case "reply": {
        const waiter = this.waiters.get(told.n);
        this.waiters.delete(told.n);
        if (told.accepted) waiter?.({ seq: told.accepted.seq });
        else waiter?.({ refused: told.refused ?? { code: "unknown", sentence: "" } });
        break;
      }
      case "key_frame_wanted":
        this.local.keyFrame(told.track);
        break;
      case "codec_wanted":
        void this.local.codecWanted(told.track, told.decodes);
        break;
      case "slower":
        this.slower(told.track, told.bitsPerSecond);
        break;
      case "over": {
        const denied = told.over.why === "removed" && this.phase.value.at === "lobby";
        const refused = { ...told.over.refused, code: "denied" };
        this.finish(denied ? { ...told.over, refused } : told.over);
        break;
      }
    }
  }

  /** Sends less of a track; the person is told now and then, not each time. */
  private slower(track: number, bitsPerSecond: number): void {
    const now = performance.now();
    if (!this.local.slower(track, bitsPerSecond) || now - this.slowerToldAt < slower_told_ms)
      return;
    this.slowerToldAt = now;
    toast(text.value.connection.slow);
  }

  /** A meeting is watched more than touched: the screen stays on. */
  private async stayAwake(): Promise<void> {
    try {
      await navigator.wakeLock?.request("screen");
    } catch {
      // Low battery or a hidden page; the meeting goes on.
    }
  }

  private live(): void {
    if (this.wasLive && !this.link.value.ok) toast(text.value.connection.back);
    this.wasLive = true;
    void this.stayAwake();
    this.link.value = { ok: true };
    this.phase.value = { at: "live" };
    this.player.follow(this.view, this.me.value);
    this.local.settle();
    this.settleSending();
    this.changed();
  }

  private fact({ entry }: Extract<Told, { kind: "fact" }>): void {
    const words = this.wasLive ? news(text.value, this.view, entry, this.me.value) : null;
    apply(this.view, entry);
    if (words?.toast) toast(words.words);
    else if (words) announce(words.words);
    this.settleSending();
    this.changed();
  }

  /** Messages that have arrived in the log are no longer on their way. */
  private settleSending(): void {
    if (this.sending.value.length === 0) return;
    const seq = this.diagnostics.seq;
    const left = this.sending.value.filter((sending) => sending.seq === 0 || sending.seq > seq);
    if (left.length !== this.sending.value.length) this.sending.value = left;
  }

  private lost(inMs: number): void {
    this.link.value = { ok: false, retryAt: performance.now() + inMs };
  }

  /** Many facts in one turn are drawn once. */
  private changed(): void {
    this.player.follow(this.view, this.me.value);
    this.local.follow();
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      this.revision.value += 1;
    }, redraw_ms);
  }

  private keep(): void {
    const key = this.socket.connection.key;
    if (key)
      keepResume(this.meeting, { ...key, client: key.client.toString(), secret: hex(key.secret) });
  }
}

/** The way back that this tab keeps for a meeting. */
export function keptWayBack(meeting: string): WayBack | null {
  const kept = keptResume(meeting);
  return kept ? { ...kept, client: BigInt(kept.client), secret: unhex(kept.secret) } : null;
}
