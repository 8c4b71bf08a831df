// What this page receives: one worker decodes, one worklet mixes; canvases belong to tracks and
// are shown where wanted.
import { signal, type Signal } from "@preact/signals";
import type { View } from "../model/view";
import type { MixerOut } from "./mixer.worklet";
import type { PlayIn, PlayOut, TrackStats } from "./play.worker";
import { playWorker, worklets } from "./workers";

/** The picture of a track: its canvas and what is known of it. */
export type Picture = {
  canvas: HTMLCanvasElement;
  size: Signal<{ width: number; height: number } | null>;
  unsupported: Signal<boolean>;
  /** To be called when it comes onto the page; gives what to call when it leaves. */
  shown: () => () => void;
};

/** What a player wants of those who send. */
export type Wishes = {
  keyFrame: (track: number) => void;
  /** There is no decoder for the track's codec, only for these. */
  codec: (track: number, decodes: string[]) => void;
};

const picture_delay_max_ms = 250;
/** A picture that moves from place to place is not hidden in between. */
const hide_after_ms = 1_500;

export class Player {
  /** Pictures by track. */
  readonly pictures = new Map<number, Picture>();
  /** Loudness by track, 0 to 1, as the mixer plays it. */
  readonly levels = signal<Record<number, number>>({});
  /** Whether the browser lets sound out. */
  readonly sound = signal<"waiting" | "on" | "blocked">("waiting");
  stats: Record<number, TrackStats> = {};
  mixer: MixerOut = { levels: {}, bufferedMs: {}, underruns: 0, energy: 0 };
  private readonly worker = playWorker();
  private readonly known = new Map<number, { video: boolean; generation: number }>();
  private readonly onPage = new Map<number, number>();
  private context: AudioContext | null = null;
  private node: AudioWorkletNode | null = null;
  private starting = false;

  constructor(private readonly wishes: Wishes) {
    this.worker.onmessage = (message: MessageEvent<PlayOut>) => this.told(message.data);
  }

  /** Brings decoders in step with the tracks of others. */
  follow(view: View, me: number): void {
    for (const [id, known] of this.known) {
      const track = view.tracks.get(id);
      if (!track) this.close(id);
      else if (track.generation !== known.generation) {
        known.generation = track.generation;
        if (!known.video && track.paused) this.node?.port.postMessage({ t: "reset", track: id });
      }
    }
    for (const [id, track] of view.tracks) {
      // Input is for programs that can carry it out, and a page cannot.
      if (track.owner === me || track.kind === "remote_input" || this.known.has(id)) continue;
      const video = track.kind !== "microphone";
      this.known.set(id, { video, generation: track.generation });
      if (video) this.openVideo(id, track.codec);
      else {
        this.tell({ t: "audio", track: id, codec: track.codec });
        void this.startSound();
      }
    }
  }

  /** A media message from the socket; the buffer is given away. */
  media(bytes: Uint8Array): void {
    const buffer = bytes.buffer as ArrayBuffer;
    this.tell({ t: "media", bytes: buffer }, [buffer]);
  }

  /** Lets sound out; needs a gesture of the person in most browsers. */
  async startSound(): Promise<void> {
    if (this.starting) {
      await this.context?.resume().catch(() => undefined);
      this.soundState();
      return;
    }
    this.starting = true;
    const context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    this.context = context;
    context.onstatechange = () => this.soundState();
    try {
      await context.audioWorklet.addModule(worklets.mixer);
    } catch {
      this.starting = false;
      this.context = null;
      return;
    }
    const node = new AudioWorkletNode(context, "convoke-mixer", {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    this.node = node;
    node.port.onmessage = (message: MessageEvent<MixerOut>) => this.mixed(message.data);
    node.connect(context.destination);
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage({ t: "port", port: port1 }, [port1]);
    this.tell({ t: "mixer", port: port2 }, [port2]);
    // `resume` waits for a gesture where one is needed; the state tells.
    void context.resume().catch(() => undefined);
    setTimeout(() => this.soundState(), 400);
  }

  /** Ends everything. */
  finish(): void {
    this.worker.terminate();
    void this.context?.close().catch(() => undefined);
    this.context = null;
  }

  private soundState(): void {
    const state = this.context?.state;
    this.sound.value =
      state === "running" ? "on" : state === "closed" || !state ? "waiting" : "blocked";
  }

  private shown(id: number): () => void {
    const count = (this.onPage.get(id) ?? 0) + 1;
    this.onPage.set(id, count);
    if (count === 1) this.tell({ t: "show", track: id, on: true });
    return () => {
      this.onPage.set(id, (this.onPage.get(id) ?? 1) - 1);
      setTimeout(() => this.hideUnseen(id), hide_after_ms);
    };
  }

  private hideUnseen(id: number): void {
    if (!this.onPage.get(id)) this.tell({ t: "show", track: id, on: false });
  }

  private openVideo(id: number, codec: string): void {
    const canvas = document.createElement("canvas");
    canvas.width = 16;
    canvas.height = 9;
    canvas.dataset["track"] = String(id);
    const shown = (): (() => void) => this.shown(id);
    this.pictures.set(id, { canvas, size: signal(null), unsupported: signal(false), shown });
    const offscreen = canvas.transferControlToOffscreen();
    this.tell({ t: "video", track: id, codec, canvas: offscreen }, [offscreen]);
    setTimeout(() => this.hideUnseen(id), hide_after_ms);
  }

  private close(id: number): void {
    this.known.delete(id);
    this.onPage.delete(id);
    this.pictures.get(id)?.canvas.remove();
    this.pictures.delete(id);
    this.tell({ t: "close", track: id });
    this.node?.port.postMessage({ t: "drop", track: id });
  }

  private mixed(out: MixerOut): void {
    this.mixer = out;
    this.levels.value = out.levels;
    // Pictures wait for the sound they belong to, as long as the sound itself waits.
    const waits = Object.values(out.bufferedMs);
    const delay = waits.length > 0 ? Math.min(picture_delay_max_ms, Math.max(...waits)) : 0;
    this.tell({ t: "delay", ms: Math.round(delay) });
  }

  private told(message: PlayOut): void {
    switch (message.t) {
      case "key_frame":
        this.wishes.keyFrame(message.track);
        break;
      case "size": {
        const picture = this.pictures.get(message.track);
        if (picture) picture.size.value = { width: message.width, height: message.height };
        break;
      }
      case "unsupported": {
        const picture = this.pictures.get(message.track);
        if (picture) picture.unsupported.value = true;
        this.wishes.codec(message.track, message.decodes);
        break;
      }
      case "stats":
        this.stats = message.tracks;
        break;
    }
  }

  private tell(message: PlayIn, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}
