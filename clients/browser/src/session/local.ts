// What this person sends: screen, camera and microphone, each brought in step with the facts of
// the meeting.
import { signal, type Signal } from "@preact/signals";
import { openCamera, openMicrophone, openScreen, release } from "../media/capture";
import { family, narrowed } from "../media/codecs";
import { plan, Publisher, type Plan } from "../media/publisher";
import { command } from "../model/command";
import type { Kind, View } from "../model/view";
import type { Refused } from "../wire/connection";

/** The state of one kind as the person sees it. */
export type Switch = "off" | "starting" | "on";

/** What happened to a wish. */
export type Asked = { seq: number } | { refused: Refused };

/** What the local media need of the session. */
export type Host = {
  ask: (command: unknown) => Promise<Asked>;
  buffered: () => number;
  send: (message: Uint8Array<ArrayBuffer>) => boolean;
  me: () => number;
  view: () => View;
  failed: (kind: Kind, why: "denied" | "no encoder" | Refused) => void;
};

type Slot = {
  stream: MediaStream | null;
  plan: Plan | null;
  publisher: Publisher | null;
  /** Counts wishes, so that an answer to an older one changes nothing. */
  wish: number;
  wanted: boolean;
};

const kinds: Kind[] = ["screen", "camera", "microphone"];

export class Local {
  readonly state: Record<Kind, Signal<Switch>> = {
    screen: signal<Switch>("off"),
    camera: signal<Switch>("off"),
    microphone: signal<Switch>("off"),
  };
  /** The person's own pictures, for the mirror. */
  readonly streams: Record<Kind, Signal<MediaStream | null>> = {
    screen: signal<MediaStream | null>(null),
    camera: signal<MediaStream | null>(null),
    microphone: signal<MediaStream | null>(null),
  };
  /** Loudness of the own microphone. */
  readonly level = signal(0);
  /** Chosen devices; null is the browser's choice. */
  readonly chosen: { camera: string | null; microphone: string | null } = {
    camera: null,
    microphone: null,
  };
  private readonly slots: Record<Kind, Slot>;
  /** The codecs that suit everybody who could not decode something; null when all could. */
  private readable: ReadonlySet<string> | null = null;

  constructor(private readonly host: Host) {
    const empty = (): Slot => ({
      stream: null,
      plan: null,
      publisher: null,
      wish: 0,
      wanted: false,
    });
    this.slots = { screen: empty(), camera: empty(), microphone: empty() };
  }

  /** Publishers by kind, for the details dialog. */
  get publishers(): Publisher[] {
    return kinds.flatMap((kind) => this.slots[kind].publisher ?? []);
  }

  /** Turns a kind on or off. */
  async toggle(kind: Kind): Promise<void> {
    if (this.state[kind].value === "off") await this.on(kind);
    else this.off(kind);
  }

  /** Turns a kind on; an open stream (from the preview) can be handed over. */
  async on(kind: Kind, stream?: MediaStream): Promise<void> {
    const slot = this.slots[kind];
    if (slot.wanted) {
      release(stream ?? null);
      return;
    }
    slot.wanted = true;
    const wish = ++slot.wish;
    this.state[kind].value = "starting";
    if (slot.publisher && kind === "microphone") {
      const asked = await this.host.ask(command.resume(slot.publisher.track));
      if ("refused" in asked && asked.refused.code !== "already_done")
        this.refuse(kind, asked.refused, wish);
      else this.follow();
      return;
    }
    try {
      slot.stream = stream ?? (await this.open(kind));
    } catch (error) {
      if (wish !== slot.wish) return;
      slot.wanted = false;
      this.state[kind].value = "off";
      // Closing the browser's chooser is no failure.
      const cancelled =
        kind === "screen" && error instanceof DOMException && error.name === "NotAllowedError";
      if (!cancelled) this.host.failed(kind, "denied");
      return;
    }
    if (wish !== slot.wish) {
      release(slot.stream);
      return;
    }
    const large = this.host.view().type === 4;
    slot.plan =
      (await plan(kind, slot.stream, large, this.readable)) ??
      (await plan(kind, slot.stream, large, null));
    if (!slot.plan) {
      this.host.failed(kind, "no encoder");
      this.off(kind);
      return;
    }
    this.streams[kind].value = slot.stream;
    await this.publish(kind, wish);
  }

  /** Turns a kind off. */
  off(kind: Kind): void {
    const slot = this.slots[kind];
    slot.wish += 1;
    slot.wanted = false;
    this.state[kind].value = "off";
    const publisher = slot.publisher;
    if (kind === "microphone" && publisher) {
      // The device stays open, so that the next word is not cut; nothing of it is sent.
      publisher.follow(this.host.view().tracks.get(publisher.track)?.generation ?? 1, true);
      void this.host.ask(command.pause(publisher.track));
      return;
    }
    if (publisher) void this.host.ask(command.close(publisher.track));
    this.drop(kind);
  }

  /** Changes the device of a kind that is on. */
  async change(kind: "camera" | "microphone", deviceId: string | null): Promise<void> {
    this.chosen[kind] = deviceId;
    const slot = this.slots[kind];
    const wasOn = slot.wanted;
    const publisher = slot.publisher;
    if (!publisher && !wasOn) return;
    slot.wish += 1;
    slot.wanted = false;
    if (publisher) await this.host.ask(command.close(publisher.track));
    this.drop(kind);
    this.state[kind].value = "off";
    if (wasOn) await this.on(kind);
  }

  /** Brings publishers in step with the facts: what was opened, paused, closed or taken away. */
  follow(): void {
    const view = this.host.view();
    const me = this.host.me();
    for (const kind of kinds) {
      const slot = this.slots[kind];
      const mine = [...view.tracks].find(([, track]) => track.owner === me && track.kind === kind);
      if (slot.publisher) {
        if (!mine || mine[0] !== slot.publisher.track) {
          this.drop(kind);
          slot.wanted = false;
          this.state[kind].value = "off";
        } else {
          slot.publisher.follow(mine[1].generation, mine[1].paused || !slot.wanted);
          const state = this.state[kind];
          if (slot.wanted && !mine[1].paused && state.value === "starting") state.value = "on";
          // Paused while it was on: a host muted this person.
          if (slot.wanted && mine[1].paused && state.value === "on") {
            slot.wanted = false;
            state.value = "off";
          }
        }
      } else if (mine && slot.stream && slot.plan && slot.wanted) {
        this.attach(kind, mine[0]);
      }
    }
  }

  /** After a lost connection or a reload: tracks that nobody here feeds any more are closed. */
  settle(): void {
    const me = this.host.me();
    for (const [id, track] of this.host.view().tracks) {
      const slot = track.kind === "remote_input" ? null : this.slots[track.kind];
      if (slot && track.owner === me && slot.publisher?.track !== id && !slot.wanted)
        void this.host.ask(command.close(id));
    }
    this.follow();
    for (const kind of kinds) this.slots[kind].publisher?.key();
  }

  /** Somebody needs a key frame. */
  keyFrame(track: number): void {
    this.publishers.find((publisher) => publisher.track === track)?.key();
  }

  /** Somebody who receives a track cannot keep up; true when less is sent for it. */
  slower(track: number, bitsPerSecond: number): boolean {
    const publisher = this.publishers.find((one) => one.track === track);
    return publisher?.slower(bitsPerSecond) ?? false;
  }

  /**
   * Somebody cannot decode a track: it is opened again with a codec that suits everybody heard of.
   * When there is none, it stays as it is.
   */
  async codecWanted(track: number, decodes: string[]): Promise<void> {
    const kind = kinds.find((one) => this.slots[one].publisher?.track === track);
    if (!kind || kind === "microphone") return;
    const slot = this.slots[kind];
    if (!slot.stream || !slot.plan) return;
    const readable = narrowed(this.readable, decodes);
    const next = await plan(kind, slot.stream, this.host.view().type === 4, readable);
    if (!next || slot.publisher?.track !== track) return;
    this.readable = readable;
    if (family(next.codec) !== family(slot.plan.codec)) await this.reopen(kind, next);
  }

  /** Ends everything. */
  finish(): void {
    for (const kind of kinds) {
      this.slots[kind].wish += 1;
      this.drop(kind);
      this.state[kind].value = "off";
    }
  }

  private async open(kind: Kind): Promise<MediaStream> {
    if (kind === "screen") return openScreen();
    if (kind === "camera") return openCamera(this.chosen.camera, this.host.view().type === 4);
    return openMicrophone(this.chosen.microphone);
  }

  private async publish(kind: Kind, wish: number): Promise<void> {
    const slot = this.slots[kind];
    if (!slot.plan) return;
    const { codec, width, height } = slot.plan;
    const asked = await this.host.ask(command.open(kind, codec, width, height));
    if ("refused" in asked) {
      this.refuse(kind, asked.refused, wish);
      return;
    }
    if (wish === slot.wish) {
      this.follow();
      return;
    }
    // Turned off while the answer was under way: the track that came of it is closed again.
    this.settle();
  }

  private async reopen(kind: Kind, next: Plan): Promise<void> {
    const slot = this.slots[kind];
    const old = slot.publisher;
    if (!old) return;
    const wish = ++slot.wish;
    old.stop();
    slot.publisher = null;
    // Without a plan nothing is attached to the old track while its end is under way.
    slot.plan = null;
    await this.host.ask(command.close(old.track));
    if (wish !== slot.wish) return;
    slot.plan = next;
    await this.publish(kind, wish);
  }

  private attach(kind: Kind, track: number): void {
    const slot = this.slots[kind];
    if (!slot.plan || !slot.stream) return;
    const line = { buffered: () => this.waiting(track), send: this.host.send };
    slot.publisher = new Publisher(track, slot.plan, slot.stream, line, {
      ended: () => {
        if (slot.publisher?.track === track) this.off(kind);
        if (kind === "microphone") this.drop(kind);
      },
      failed: () => {
        this.host.failed(kind, "no encoder");
        this.off(kind);
      },
      level: (rms) => {
        if (kind === "microphone") this.level.value = rms;
      },
    });
    const state = this.host.view().tracks.get(track);
    slot.publisher.follow(state?.generation ?? 1, state?.paused ?? false);
    this.state[kind].value = "on";
  }

  /** A track's part of what waits in the socket: all of them share it. */
  private waiting(track: number): number {
    const all = this.publishers;
    const total = all.reduce((sum, publisher) => sum + publisher.stats.bits, 0);
    const own = all.find((publisher) => publisher.track === track)?.stats.bits ?? total;
    return total > 0 ? (this.host.buffered() * own) / total : this.host.buffered();
  }

  private refuse(kind: Kind, refused: Refused, wish: number): void {
    const slot = this.slots[kind];
    if (wish !== slot.wish) return;
    slot.wanted = false;
    this.state[kind].value = "off";
    if (!slot.publisher) this.drop(kind);
    this.host.failed(kind, refused);
  }

  private drop(kind: Kind): void {
    const slot = this.slots[kind];
    slot.publisher?.stop();
    slot.publisher = null;
    release(slot.stream);
    slot.stream = null;
    slot.plan = null;
    this.streams[kind].value = null;
    if (kind === "microphone") this.level.value = 0;
  }
}
