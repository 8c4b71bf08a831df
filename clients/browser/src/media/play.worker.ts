// The worker that decodes everything a page receives: pictures onto their canvases, sound into
// the mixer.
import { canDecode, decoderConfig, readableCodecs } from "./codecs";
import { Assembler, readMedia, type FrameIn } from "../wire/media";

/** What the worker is told. */
export type PlayIn =
  | { t: "video"; track: number; codec: string; canvas: OffscreenCanvas }
  | { t: "audio"; track: number; codec: string }
  | { t: "mixer"; port: MessagePort }
  | { t: "media"; bytes: ArrayBuffer }
  | { t: "delay"; ms: number }
  | { t: "show"; track: number; on: boolean }
  | { t: "close"; track: number };

/** Counters of one track. */
export type TrackStats = {
  kind: "video" | "audio";
  messages: number;
  bytes: number;
  decoded: number;
  drawn: number;
  errors: number;
  gaps: number;
  width: number;
  height: number;
  /** Sum of squares of all decoded samples. */
  energy: number;
};

/** What it tells. */
export type PlayOut =
  | { t: "key_frame"; track: number }
  | { t: "size"; track: number; width: number; height: number }
  | { t: "unsupported"; track: number; decodes: string[] }
  | { t: "stats"; tracks: Record<number, TrackStats> };

type Scope = {
  postMessage(message: PlayOut): void;
  onmessage: ((message: MessageEvent<PlayIn>) => void) | null;
  requestAnimationFrame?: (draw: () => void) => number;
};

const scope = globalThis as unknown as Scope;
const ask_again_ms = 1_200;
const say_again_ms = 5_000;
const queue_max = 8;
let mixer: MessagePort | null = null;
let delay_ms = 0;

function emptyStats(kind: "video" | "audio"): TrackStats {
  return {
    kind,
    messages: 0,
    bytes: 0,
    decoded: 0,
    drawn: 0,
    errors: 0,
    gaps: 0,
    width: 0,
    height: 0,
    energy: 0,
  };
}

abstract class Track {
  readonly stats: TrackStats;
  private readonly assembler = new Assembler();

  constructor(
    readonly id: number,
    kind: "video" | "audio",
  ) {
    this.stats = emptyStats(kind);
  }

  message(bytes: Uint8Array): void {
    const media = readMedia(bytes);
    if (!media) return;
    this.stats.messages += 1;
    this.stats.bytes += bytes.length;
    const frame = this.assembler.take(media.header, media.payload);
    if (frame) this.frame(frame);
  }

  abstract frame(frame: FrameIn): void;
  abstract close(): void;
}

class Video extends Track {
  private decoder: VideoDecoder | null = null;
  private description: Uint8Array | undefined;
  private needsKey = true;
  private askedAt = -Infinity;
  private shown = true;
  private due: { frame: VideoFrame; at: number }[] = [];
  /** What can be decoded here instead; null while nothing is wrong. */
  private instead: string[] | null = null;
  private saidAt = -Infinity;
  private readonly context: OffscreenCanvasRenderingContext2D | null;

  constructor(
    id: number,
    private readonly codec: string,
    private readonly canvas: OffscreenCanvas,
  ) {
    super(id, "video");
    this.context = canvas.getContext("2d", { alpha: false, desynchronized: true });
    void this.check();
    this.ask();
  }

  frame(frame: FrameIn): void {
    if (this.instead) return;
    if (frame.kind === "config") {
      this.description = frame.data.slice();
      return;
    }
    if (!this.shown) {
      this.needsKey = true;
      return;
    }
    if (frame.gap && !frame.key) {
      if (!this.needsKey) this.stats.gaps += 1;
      this.needsKey = true;
    }
    if (this.needsKey && !frame.key) {
      this.ask();
      return;
    }
    if (!this.decoder || this.decoder.state === "closed") this.make();
    const decoder = this.decoder;
    if (!decoder || decoder.state !== "configured") return;
    if (decoder.decodeQueueSize > queue_max && !frame.key) {
      // This computer cannot keep up: skip to the next key frame.
      this.needsKey = true;
      this.stats.gaps += 1;
      return;
    }
    this.needsKey = false;
    try {
      decoder.decode(
        new EncodedVideoChunk({
          type: frame.key ? "key" : "delta",
          timestamp: frame.timestamp,
          data: frame.data,
        }),
      );
    } catch {
      this.failed();
    }
  }

  /** Pictures that nobody looks at are not decoded. */
  show(on: boolean): void {
    if (on && !this.shown) this.ask();
    this.shown = on;
  }

  draw(now: number): void {
    let shown: VideoFrame | null = null;
    while (this.due[0] && this.due[0].at <= now) {
      shown?.close();
      shown = this.due.shift()?.frame ?? null;
    }
    if (!shown) return;
    const { displayWidth: width, displayHeight: height } = shown;
    if (width !== this.stats.width || height !== this.stats.height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.stats.width = width;
      this.stats.height = height;
      scope.postMessage({ t: "size", track: this.id, width, height });
    }
    this.context?.drawImage(shown, 0, 0, width, height);
    this.stats.drawn += 1;
    shown.close();
  }

  close(): void {
    for (const { frame } of this.due) frame.close();
    this.due = [];
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
  }

  private make(): void {
    const config = decoderConfig(this.codec);
    if (this.description) config.description = this.description;
    const decoder = new VideoDecoder({
      output: (frame) => {
        this.stats.decoded += 1;
        this.due.push({ frame, at: performance.now() + delay_ms });
        // A hidden page draws nothing; frames must not pile up there.
        while (this.due.length > queue_max) this.due.shift()?.frame.close();
      },
      error: () => {
        if (this.decoder === decoder) this.failed();
      },
    });
    this.decoder = decoder;
    decoder.configure(config);
  }

  /** Asks the browser, and has the publisher told what would do when this codec does not. */
  private async check(): Promise<void> {
    if (await canDecode(this.codec)) return;
    this.instead = await readableCodecs();
    this.say();
  }

  private say(): void {
    const now = performance.now();
    if (!this.instead || now - this.saidAt < say_again_ms) return;
    this.saidAt = now;
    scope.postMessage({ t: "unsupported", track: this.id, decodes: this.instead });
  }

  private failed(): void {
    this.stats.errors += 1;
    this.needsKey = true;
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.ask();
  }

  private ask(): void {
    if (this.instead) return;
    const now = performance.now();
    if (now - this.askedAt < ask_again_ms) return;
    this.askedAt = now;
    scope.postMessage({ t: "key_frame", track: this.id });
  }

  /** Asks again while nothing can be decoded; a request may have been lost with a connection. */
  remind(): void {
    this.say();
    if (this.shown && this.needsKey && this.stats.messages > 0) this.ask();
  }
}

class Sound extends Track {
  private decoder: AudioDecoder | null = null;

  constructor(
    id: number,
    private readonly codec: string,
  ) {
    super(id, "audio");
  }

  frame(frame: FrameIn): void {
    if (frame.kind === "config") return;
    if (frame.gap && this.stats.decoded > 0) this.stats.gaps += 1;
    if (!this.decoder || this.decoder.state === "closed") this.make();
    try {
      this.decoder?.decode(
        new EncodedAudioChunk({ type: "key", timestamp: frame.timestamp, data: frame.data }),
      );
    } catch {
      this.failed();
    }
  }

  close(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
  }

  private make(): void {
    const decoder = new AudioDecoder({
      output: (data) => this.heard(data),
      error: () => {
        if (this.decoder === decoder) this.failed();
      },
    });
    this.decoder = decoder;
    decoder.configure({ codec: this.codec, sampleRate: 48_000, numberOfChannels: 1 });
  }

  private failed(): void {
    this.stats.errors += 1;
    this.decoder = null;
  }

  private heard(data: AudioData): void {
    const samples = new Float32Array(data.numberOfFrames);
    data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    const channels = data.numberOfChannels;
    if (channels > 1) {
      const other = new Float32Array(samples.length);
      for (let c = 1; c < channels; c++) {
        data.copyTo(other, { planeIndex: c, format: "f32-planar" });
        for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) + (other[i] ?? 0);
      }
      for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) / channels;
    }
    data.close();
    let energy = 0;
    for (const sample of samples) energy += sample * sample;
    this.stats.energy += energy;
    this.stats.decoded += 1;
    mixer?.postMessage({ t: "samples", track: this.id, samples }, [samples.buffer]);
  }
}

const tracks = new Map<number, Track>();

function paint(): void {
  const now = performance.now();
  for (const track of tracks.values()) if (track instanceof Video) track.draw(now);
  next();
}

function next(): void {
  if (scope.requestAnimationFrame) scope.requestAnimationFrame(paint);
  else setTimeout(paint, 16);
}

function open(id: number, track: Track): void {
  tracks.get(id)?.close();
  tracks.set(id, track);
}

scope.onmessage = ({ data: message }) => {
  switch (message.t) {
    case "video":
      open(message.track, new Video(message.track, message.codec, message.canvas));
      break;
    case "audio":
      open(message.track, new Sound(message.track, message.codec));
      break;
    case "mixer":
      mixer = message.port;
      break;
    case "media": {
      const bytes = new Uint8Array(message.bytes);
      if (bytes.length < 8) break;
      tracks.get(new DataView(message.bytes).getUint32(4, true))?.message(bytes);
      break;
    }
    case "delay":
      delay_ms = message.ms;
      break;
    case "show": {
      const track = tracks.get(message.track);
      if (track instanceof Video) track.show(message.on);
      break;
    }
    case "close":
      tracks.get(message.track)?.close();
      tracks.delete(message.track);
      break;
  }
};

setInterval(() => {
  const stats: Record<number, TrackStats> = {};
  for (const [id, track] of tracks) {
    stats[id] = track.stats;
    if (track instanceof Video) track.remind();
  }
  scope.postMessage({ t: "stats", tracks: stats });
}, 500);
next();
