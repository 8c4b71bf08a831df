// The jitter buffer: samples come in bursts and go out evenly. Used inside the audio worklet;
// pure, so tests can run it.

/** Bounds of the delay, milliseconds. */
export type JitterOptions = { targetMinMs: number; targetMaxMs: number };

const defaults: JitterOptions = { targetMinMs: 60, targetMaxMs: 400 };
const excess_ms = 160;
const calm_s = 8;
const fade = 96;

export class JitterBuffer {
  /** Times it ran dry while playing. */
  underruns = 0;
  /** Times it threw samples away because they came too late. */
  skips = 0;
  private blocks: Float32Array[] = [];
  private at = 0;
  private held = 0;
  private playing = false;
  private target: number;
  private calm = 0;
  private last = 0;
  private readonly min: number;
  private readonly max: number;
  private readonly excess: number;

  constructor(
    private readonly sampleRate: number,
    options: Partial<JitterOptions> = {},
  ) {
    const { targetMinMs, targetMaxMs } = { ...defaults, ...options };
    this.min = (targetMinMs * sampleRate) / 1000;
    this.max = (targetMaxMs * sampleRate) / 1000;
    this.excess = (excess_ms * sampleRate) / 1000;
    this.target = this.min;
  }

  /** Milliseconds of sound that wait. */
  get bufferedMs(): number {
    return (this.held * 1000) / this.sampleRate;
  }

  /** Milliseconds it aims to hold. */
  get targetMs(): number {
    return (this.target * 1000) / this.sampleRate;
  }

  /** Takes samples. */
  push(samples: Float32Array): void {
    if (samples.length === 0) return;
    this.blocks.push(samples);
    this.held += samples.length;
    // Far too much (the page slept): start again from what is newest.
    if (this.held > this.target + this.excess) this.skip(this.held - this.target);
  }

  /** Adds the next samples to `out`; gives the sum of their squares. */
  pull(out: Float32Array): number {
    if (!this.playing) {
      if (this.held < this.target) return 0;
      this.playing = true;
      this.calm = 0;
    }
    let energy = 0;
    let i = 0;
    while (i < out.length && this.held > 0) {
      const block = this.blocks[0];
      if (!block) break;
      const n = Math.min(out.length - i, block.length - this.at);
      for (let k = 0; k < n; k++) {
        const sample = block[this.at + k] ?? 0;
        out[i + k] = (out[i + k] ?? 0) + sample;
        energy += sample * sample;
        this.last = sample;
      }
      i += n;
      this.take(n);
    }
    if (i < out.length) {
      // Dry: let the last sample fade instead of cutting it off with a click.
      for (let k = 0; i < out.length && k < fade; i++, k++)
        out[i] = (out[i] ?? 0) + this.last * (1 - k / fade);
      this.last = 0;
      this.playing = false;
      this.underruns += 1;
      this.target = Math.min(this.max, this.target * 1.4);
    } else {
      this.calm += out.length;
      if (this.calm > calm_s * this.sampleRate) {
        this.calm = 0;
        this.target = Math.max(this.min, this.target * 0.85);
      }
    }
    return energy;
  }

  /** The sender paused: what is left is dropped and silence is no fault. */
  reset(): void {
    this.blocks = [];
    this.at = 0;
    this.held = 0;
    this.playing = false;
    this.last = 0;
  }

  private skip(samples: number): void {
    let rest = Math.floor(samples);
    this.skips += 1;
    while (rest > 0) {
      const block = this.blocks[0];
      if (!block) return;
      const n = Math.min(rest, block.length - this.at);
      rest -= n;
      this.take(n);
    }
  }

  private take(n: number): void {
    const block = this.blocks[0];
    if (!block) return;
    this.at += n;
    this.held -= n;
    if (this.at >= block.length) {
      this.blocks.shift();
      this.at = 0;
    }
  }
}
