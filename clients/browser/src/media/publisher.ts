// One track that this page sends: capture, encoder, messages, and how much of it the socket can
// carry.
import type { Kind } from "../model/view";
import { cutFrame } from "../wire/media";
import { chooseAudio, chooseVideo, fit, type Size } from "./codecs";
import { no_processor, type EncodeIn, type EncodeOut } from "./encode_messages";
import { RateControl } from "./rate";
import { encodeWorker, worklets } from "./workers";

/** Where messages go. */
export type Line = {
  buffered: () => number;
  send: (message: Uint8Array<ArrayBuffer>) => boolean;
};

/** What a publisher tells its owner. */
export type PublisherEvents = {
  ended: () => void;
  failed: (message: string) => void;
  level: (rms: number) => void;
};

/** Counters for the details dialog. */
export type PublisherStats = {
  frames: number;
  keyFrames: number;
  bytes: number;
  skipped: number;
  bits: number;
  width: number;
  height: number;
};

type Maker<T> = new (options: { track: MediaStreamTrack }) => { readable: ReadableStream<T> };

const key_every_ms: Record<Kind, number> = { screen: 6_000, camera: 4_000, microphone: 0 };
const watch_ms = 250;

/** What a track will be, decided before it is opened. */
export type Plan = {
  kind: Kind;
  codec: string;
  width: number;
  height: number;
  most: Size;
  bitsMax: number;
  framesMax: number;
  audio?: AudioEncoderConfig;
};

/**
 * Chooses the codec and the bounds for a stream; null when this browser cannot encode it so that
 * everybody can read it.
 */
export async function plan(
  kind: Kind,
  stream: MediaStream,
  large: boolean,
  readable: ReadonlySet<string> | null,
): Promise<Plan | null> {
  if (kind === "microphone") {
    const audio = await chooseAudio();
    return audio
      ? {
          kind,
          codec: "opus",
          width: 0,
          height: 0,
          most: { width: 0, height: 0 },
          bitsMax: audio.bitrate ?? 32_000,
          framesMax: 50,
          audio,
        }
      : null;
  }
  const settings = stream.getVideoTracks()[0]?.getSettings() ?? {};
  const most =
    kind === "screen"
      ? { width: 1920, height: 1200 }
      : large
        ? { width: 1280, height: 720 }
        : { width: 640, height: 480 };
  const size = fit({ width: settings.width ?? 1280, height: settings.height ?? 720 }, most);
  const framesMax = kind === "screen" ? 15 : 24;
  const bitsMax = kind === "screen" ? 2_500_000 : large ? 1_400_000 : 600_000;
  const codec = await chooseVideo(size, bitsMax, framesMax, readable);
  return codec ? { kind, codec, ...size, most, bitsMax, framesMax } : null;
}

export class Publisher {
  readonly stats: PublisherStats = {
    frames: 0,
    keyFrames: 0,
    bytes: 0,
    skipped: 0,
    bits: 0,
    width: 0,
    height: 0,
  };
  private readonly worker = encodeWorker();
  private readonly rate: RateControl | null;
  private readonly watch: ReturnType<typeof setInterval> | undefined;
  private generation = 1;
  private frame = 0;
  private active = true;
  private holding = false;
  private description: Uint8Array | null = null;
  private cleanup: (() => void)[] = [];
  private broken = false;

  constructor(
    readonly track: number,
    readonly plan: Plan,
    readonly stream: MediaStream,
    private readonly line: Line,
    private readonly events: PublisherEvents,
  ) {
    this.worker.onmessage = (message: MessageEvent<EncodeOut>) => this.told(message.data);
    const source = stream.getTracks()[0];
    if (source) {
      const ended = (): void => events.ended();
      source.addEventListener("ended", ended);
      this.cleanup.push(() => source.removeEventListener("ended", ended));
    }
    if (plan.kind === "microphone") {
      this.rate = null;
      this.stats.bits = plan.bitsMax;
      if (plan.audio) this.tell({ t: "audio", config: plan.audio });
      this.feedAudio(source);
    } else {
      const bitsMin = plan.kind === "screen" ? 150_000 : 80_000;
      this.rate = new RateControl({ bitsMin, bitsMax: plan.bitsMax, framesMax: plan.framesMax });
      const { bitsPerSecond: bits, framesPerSecond: frames } = this.rate.rate;
      this.stats.bits = bits;
      this.tell({
        t: "video",
        codec: plan.codec,
        most: plan.most,
        bits,
        frames,
        detail: plan.kind === "screen",
        keyEveryMs: key_every_ms[plan.kind],
      });
      this.feedVideo(source);
      this.watch = setInterval(() => this.observe(), watch_ms);
    }
  }

  /** The track's state in the meeting: media of an older generation is let through nowhere. */
  follow(generation: number, paused: boolean): void {
    if (generation !== this.generation) {
      this.generation = generation;
      this.key();
    }
    this.active = !paused;
  }

  /** Somebody needs a key frame. */
  key(): void {
    this.tell({ t: "key" });
  }

  /** Somebody who receives it cannot keep up; true when less is sent from now on. */
  slower(bitsPerSecond: number): boolean {
    const rate = this.rate?.slower(bitsPerSecond, performance.now()) ?? null;
    if (rate) this.setRate(rate);
    return rate !== null;
  }

  /** Stops sending; the stream is left to its owner. */
  stop(): void {
    this.active = false;
    clearInterval(this.watch);
    for (const undo of this.cleanup) undo();
    this.tell({ t: "stop" });
    const worker = this.worker;
    setTimeout(() => worker.terminate(), 500);
  }

  private observe(): void {
    const buffered = this.line.buffered();
    const rate = this.rate?.observe(buffered, performance.now());
    if (rate) this.setRate(rate);
    this.holdIf(this.rate?.holds(buffered) ?? false);
  }

  private holdIf(on: boolean): void {
    if (on === this.holding) return;
    this.holding = on;
    this.tell({ t: "hold", on });
  }

  private setRate(rate: { bitsPerSecond: number; framesPerSecond: number }): void {
    this.stats.bits = rate.bitsPerSecond;
    this.tell({ t: "rate", bits: rate.bitsPerSecond, frames: rate.framesPerSecond });
  }

  private told(message: EncodeOut): void {
    switch (message.t) {
      case "chunk":
        this.chunk(message);
        break;
      case "level":
        this.events.level(this.active ? message.rms : 0);
        break;
      case "size":
        this.stats.width = message.width;
        this.stats.height = message.height;
        break;
      case "ended":
        this.events.ended();
        break;
      case "error":
        // Tracks may travel to workers that have no processor for them.
        if (message.message === no_processor) this.feedFromElement();
        else this.events.failed(message.message);
        break;
    }
  }

  private chunk(message: Extract<EncodeOut, { t: "chunk" }>): void {
    if (!this.active) return;
    const video = this.plan.kind !== "microphone";
    if (message.description) this.description = new Uint8Array(message.description);
    if (this.broken && !message.key) return;
    const base = {
      track: this.track,
      generation: this.generation,
      frame: this.frame,
      timestamp: message.timestamp,
    };
    const messages =
      video && message.key && this.description
        ? cutFrame({ ...base, key: false, config: true, data: this.description })
        : [];
    messages.push(
      ...cutFrame({ ...base, key: message.key || !video, data: new Uint8Array(message.data) }),
    );
    for (const part of messages) {
      if (!this.line.send(part)) {
        // The link is down: what follows makes no sense without a key frame.
        this.stats.skipped += 1;
        if (video && !this.broken) this.key();
        this.broken = video;
        return;
      }
      this.stats.bytes += part.length;
    }
    this.broken = false;
    this.frame = (this.frame + 1) >>> 0;
    this.stats.frames += 1;
    if (message.key) this.stats.keyFrames += 1;
    if (this.rate) this.holdIf(this.rate.holds(this.line.buffered()));
  }

  private feedVideo(source: MediaStreamTrack | undefined): void {
    if (!source) return;
    const make = (globalThis as unknown as { MediaStreamTrackProcessor?: Maker<VideoFrame> })
      .MediaStreamTrackProcessor;
    if (make) {
      const { readable } = new make({ track: source });
      this.tell({ t: "readable", readable }, [readable as unknown as Transferable]);
      return;
    }
    // Safari has the processor in workers only, and lets tracks go there; elsewhere a video
    // element is read.
    const copy = source.clone();
    this.cleanup.push(() => copy.stop());
    try {
      this.tell({ t: "track", track: copy }, [copy as unknown as Transferable]);
    } catch {
      this.feedFromElement();
    }
  }

  private feedFromElement(): void {
    const element = document.createElement("video");
    element.muted = true;
    element.playsInline = true;
    element.srcObject = this.stream;
    void element.play();
    let running = true;
    const grab = (): void => {
      if (!running) return;
      if (element.videoWidth > 0) {
        const frame = new VideoFrame(element, { timestamp: Math.round(performance.now() * 1000) });
        this.tell({ t: "frame", frame }, [frame]);
      }
      wait();
    };
    const wait = (): void => {
      if ("requestVideoFrameCallback" in element) element.requestVideoFrameCallback(grab);
      else setTimeout(grab, 1000 / this.plan.framesMax);
    };
    wait();
    this.cleanup.push(() => {
      running = false;
      element.srcObject = null;
    });
  }

  private feedAudio(source: MediaStreamTrack | undefined): void {
    if (!source) return;
    const make = (globalThis as unknown as { MediaStreamTrackProcessor?: Maker<AudioData> })
      .MediaStreamTrackProcessor;
    if (make) {
      const { readable } = new make({ track: source });
      this.tell({ t: "readable", readable }, [readable as unknown as Transferable]);
      return;
    }
    void this.feedFromTap().catch((error: Error) => this.events.failed(error.message));
  }

  private async feedFromTap(): Promise<void> {
    // The browser's own rate: some refuse to connect a microphone to a context of another one.
    const context = new AudioContext();
    this.cleanup.push(() => void context.close());
    await context.audioWorklet.addModule(worklets.tap);
    const node = new AudioWorkletNode(context, "convoke-tap", { numberOfOutputs: 0 });
    context.createMediaStreamSource(this.stream).connect(node);
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    this.tell({ t: "samples", port: port2, sampleRate: context.sampleRate }, [port2]);
    await context.resume();
  }

  private tell(message: EncodeIn, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}
