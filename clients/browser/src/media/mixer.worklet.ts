// The audio worklet: one jitter buffer per microphone that is heard, mixed into the speakers.
import { JitterBuffer } from "./jitter";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

/** What the worklet is told. */
export type MixerIn =
  | { t: "port"; port: MessagePort }
  | { t: "reset"; track: number }
  | { t: "drop"; track: number }
  | { t: "samples"; track: number; samples: Float32Array };

/** What it tells, several times a second. */
export type MixerOut = {
  levels: Record<number, number>;
  bufferedMs: Record<number, number>;
  underruns: number;
  energy: number;
};

const report_every_s = 0.2;

class Mixer extends AudioWorkletProcessor {
  private readonly tracks = new Map<number, JitterBuffer>();
  private readonly sums = new Map<number, number>();
  private frames = 0;
  private energy = 0;
  private underruns = 0;

  constructor() {
    super();
    this.port.onmessage = (message: MessageEvent<MixerIn>) => this.told(message.data);
  }

  private told(message: MixerIn): void {
    switch (message.t) {
      case "port":
        message.port.onmessage = (inner: MessageEvent<MixerIn>) => this.told(inner.data);
        break;
      case "reset":
        this.tracks.get(message.track)?.reset();
        break;
      case "drop":
        this.underruns += this.tracks.get(message.track)?.underruns ?? 0;
        this.tracks.delete(message.track);
        this.sums.delete(message.track);
        break;
      case "samples": {
        const buffer = this.tracks.get(message.track) ?? new JitterBuffer(sampleRate);
        this.tracks.set(message.track, buffer);
        buffer.push(message.samples);
        break;
      }
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const channels = outputs[0] ?? [];
    const first = channels[0];
    if (!first) return true;
    for (const [track, buffer] of this.tracks) {
      const energy = buffer.pull(first);
      this.sums.set(track, (this.sums.get(track) ?? 0) + energy);
      this.energy += energy;
    }
    for (let i = 0; i < first.length; i++) first[i] = Math.max(-1, Math.min(1, first[i] ?? 0));
    for (const other of channels.slice(1)) other.set(first);
    this.frames += first.length;
    if (this.frames >= sampleRate * report_every_s) this.report();
    return true;
  }

  private report(): void {
    const out: MixerOut = {
      levels: {},
      bufferedMs: {},
      underruns: this.underruns,
      energy: this.energy,
    };
    for (const [track, buffer] of this.tracks) {
      out.levels[track] = Math.sqrt((this.sums.get(track) ?? 0) / this.frames);
      out.bufferedMs[track] = buffer.bufferedMs;
      out.underruns += buffer.underruns;
    }
    this.sums.clear();
    this.frames = 0;
    this.port.postMessage(out);
  }
}

registerProcessor("convoke-mixer", Mixer);
