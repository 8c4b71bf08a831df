// The worker that encodes one track: pictures or sound in, chunks out. Nothing of it runs on the
// page's thread.
import { fit, videoConfig, type Size } from "./codecs";
import { no_processor, type EncodeIn, type EncodeOut } from "./encode_messages";

type Scope = {
  postMessage(message: EncodeOut, transfer?: Transferable[]): void;
  onmessage: ((message: MessageEvent<EncodeIn>) => void) | null;
};
type Processor<T> = { readable: ReadableStream<T> };

const scope = globalThis as unknown as Scope;
const tell = (message: EncodeOut, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);
/** One clock for sound and pictures of this browser, microseconds. */
const now_us = (): number => (performance.timeOrigin + performance.now()) * 1000;

let stopped = false;

class Video {
  private encoder: VideoEncoder | null = null;
  private size: Size = { width: 0, height: 0 };
  private last: VideoFrame | null = null;
  private lastAt = -Infinity;
  private keyAt = -Infinity;
  private wantKey = true;
  private hold = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(private readonly start: Extract<EncodeIn, { t: "video" }>) {
    // A still screen gives no frames: the last one is encoded again when somebody needs a key
    // frame.
    this.timer = setInterval(() => this.still(), 200);
  }

  frame(frame: VideoFrame): void {
    const now = performance.now();
    // A little early counts as in time, or 30 frames a second thinned to 24 become 15.
    const early = now - this.lastAt < (1000 / this.start.frames) * 0.7;
    if (stopped || ((early || this.hold) && this.last)) {
      this.keep(frame);
      return;
    }
    this.encode(frame, now);
    this.keep(frame);
  }

  key(): void {
    this.wantKey = true;
  }

  held(on: boolean): void {
    this.hold = on;
  }

  rate(bits: number, frames: number): void {
    this.start.bits = bits;
    this.start.frames = frames;
    if (this.encoder?.state === "configured") this.encoder.configure(this.config());
  }

  stop(): void {
    clearInterval(this.timer);
    this.last?.close();
    this.last = null;
    if (this.encoder && this.encoder.state !== "closed") this.encoder.close();
  }

  private keep(frame: VideoFrame): void {
    this.last?.close();
    this.last = frame;
  }

  private still(): void {
    const now = performance.now();
    const due = this.wantKey || now - this.keyAt > this.start.keyEveryMs;
    if (!due || this.hold || !this.last || now - this.lastAt < 180) return;
    this.encode(this.last, now);
  }

  private encode(frame: VideoFrame, now: number): void {
    const shown: Size = { width: frame.displayWidth, height: frame.displayHeight };
    const size = fit(shown, this.start.most);
    if (!this.encoder || this.encoder.state === "closed") this.encoder = this.make();
    if (size.width !== this.size.width || size.height !== this.size.height) {
      this.size = size;
      this.encoder.configure(this.config());
      this.wantKey = true;
      tell({ t: "size", ...size });
    }
    // The encoder is behind: waiting frames would only be old.
    if (this.encoder.encodeQueueSize > 2) return;
    const keyFrame = this.wantKey || now - this.keyAt > this.start.keyEveryMs;
    if (keyFrame) {
      this.wantKey = false;
      this.keyAt = now;
    }
    this.lastAt = now;
    const stamped = new VideoFrame(frame, { timestamp: Math.round(now_us()) });
    this.encoder.encode(stamped, { keyFrame });
    stamped.close();
  }

  private config(): VideoEncoderConfig {
    const { codec, bits, frames, detail } = this.start;
    const config = videoConfig(codec, this.size, bits, frames) as VideoEncoderConfig & {
      contentHint?: string;
    };
    if (detail) config.contentHint = "detail";
    return config;
  }

  private make(): VideoEncoder {
    this.size = { width: 0, height: 0 };
    return new VideoEncoder({
      output: (chunk, meta) => send(chunk, meta?.decoderConfig?.description),
      error: (error) => tell({ t: "error", message: error.message }),
    });
  }
}

class Audio {
  private readonly encoder: AudioEncoder;
  private sampleRate = 0;
  private sum = 0;
  private count = 0;

  constructor(private readonly config: AudioEncoderConfig) {
    this.encoder = new AudioEncoder({
      output: (chunk, meta) => send(chunk, meta?.decoderConfig?.description, true),
      error: (error) => tell({ t: "error", message: error.message }),
    });
  }

  data(data: AudioData): void {
    if (!stopped && this.encoder.state !== "closed") {
      const mono = this.measure(data);
      // Microphones have rates of their own; the encoder is told and writes 48 kHz from any of
      // them.
      if (data.sampleRate !== this.sampleRate) {
        this.sampleRate = data.sampleRate;
        this.encoder.configure({
          ...this.config,
          sampleRate: data.sampleRate,
          numberOfChannels: 1,
        });
      }
      const { sampleRate, timestamp, numberOfFrames } = data;
      const one = new AudioData({
        format: "f32-planar",
        sampleRate,
        numberOfFrames,
        numberOfChannels: 1,
        timestamp,
        data: mono,
      });
      this.encoder.encode(one);
      one.close();
    }
    data.close();
  }

  stop(): void {
    if (this.encoder.state !== "closed") this.encoder.close();
  }

  private measure(data: AudioData): Float32Array<ArrayBuffer> {
    const plane = new Float32Array(data.numberOfFrames);
    data.copyTo(plane, { planeIndex: 0, format: "f32-planar" });
    for (const sample of plane) this.sum += sample * sample;
    this.count += plane.length;
    if (this.count >= 4_800) {
      tell({ t: "level", rms: Math.sqrt(this.sum / this.count) });
      this.sum = 0;
      this.count = 0;
    }
    return plane;
  }
}

function send(
  chunk: EncodedVideoChunk | EncodedAudioChunk,
  description?: AllowSharedBufferSource,
  restamp = false,
): void {
  const data = new ArrayBuffer(chunk.byteLength);
  chunk.copyTo(data);
  const timestamp = restamp ? now_us() : chunk.timestamp;
  const out: EncodeOut = { t: "chunk", key: chunk.type === "key", timestamp, data };
  // Opus describes itself; a description is for codecs that cannot be decoded without it.
  if (description && !restamp) {
    const bytes = ArrayBuffer.isView(description)
      ? new Uint8Array(
          description.buffer as ArrayBuffer,
          description.byteOffset,
          description.byteLength,
        )
      : new Uint8Array(description as ArrayBuffer);
    out.description = bytes.slice().buffer;
  }
  tell(out, [data]);
}

let video: Video | null = null;
let audio: Audio | null = null;

async function drain(readable: ReadableStream<VideoFrame | AudioData>): Promise<void> {
  const reader = readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done || stopped) {
      value?.close();
      if (stopped) await reader.cancel().catch(() => undefined);
      else tell({ t: "ended" });
      return;
    }
    if (value instanceof VideoFrame) video ? video.frame(value) : value.close();
    else audio ? audio.data(value) : value.close();
  }
}

/**
 * Samples at another rate, by straight lines: for the fallback only, where no processor gives
 * audio data.
 */
function resample(from: Float32Array<ArrayBuffer>, ratio: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(Math.max(1, Math.round(from.length * ratio)));
  for (let i = 0; i < to.length; i++) {
    const at = i / ratio;
    const left = Math.min(from.length - 1, Math.floor(at));
    const right = Math.min(from.length - 1, left + 1);
    to[i] = (from[left] ?? 0) + ((from[right] ?? 0) - (from[left] ?? 0)) * (at - left);
  }
  return to;
}

function samples(port: MessagePort, givenRate: number): void {
  const sampleRate = 48_000;
  let written = 0;
  port.onmessage = (message: MessageEvent<Float32Array<ArrayBuffer>>) => {
    const data =
      givenRate === sampleRate ? message.data : resample(message.data, sampleRate / givenRate);
    const timestamp = Math.round((written * 1e6) / sampleRate);
    written += data.length;
    audio?.data(
      new AudioData({
        format: "f32-planar",
        sampleRate,
        numberOfFrames: data.length,
        numberOfChannels: 1,
        timestamp,
        data,
      }),
    );
  };
}

scope.onmessage = ({ data: message }) => {
  switch (message.t) {
    case "video":
      video = new Video(message);
      break;
    case "audio":
      audio = new Audio(message.config);
      break;
    case "readable":
      drain(message.readable).catch((error: Error) => tell({ t: "error", message: error.message }));
      break;
    case "track": {
      type Maker = new (options: { track: MediaStreamTrack }) => Processor<VideoFrame>;
      const make = (globalThis as unknown as { MediaStreamTrackProcessor?: Maker })
        .MediaStreamTrackProcessor;
      if (make)
        drain(new make({ track: message.track }).readable).catch((error: Error) =>
          tell({ t: "error", message: error.message }),
        );
      else tell({ t: "error", message: no_processor });
      break;
    }
    case "frame":
      video ? video.frame(message.frame) : message.frame.close();
      break;
    case "samples":
      samples(message.port, message.sampleRate);
      break;
    case "rate":
      video?.rate(message.bits, message.frames);
      break;
    case "key":
      video?.key();
      break;
    case "hold":
      video?.held(message.on);
      break;
    case "stop":
      stopped = true;
      video?.stop();
      audio?.stop();
      (globalThis as unknown as { close(): void }).close();
      break;
  }
};
