// How much to send: the bit rate and frame rate that the socket can carry, decided from what
// waits in it.

/** The bounds of one video track. */
export type RateBounds = { bitsMin: number; bitsMax: number; framesMax: number };

/** What the encoder should do now. */
export type Rate = { bitsPerSecond: number; framesPerSecond: number };

const hold_ms = 300;
const calm_ms = 60;
const lower_every_ms = 700;
const raise_after_ms = 3_000;

export class RateControl {
  private bits: number;
  private lowered = -Infinity;
  private calmSince = -1;
  private ceiling: number;
  private ceilingAt = -Infinity;

  constructor(private readonly bounds: RateBounds) {
    this.bits = Math.round(bounds.bitsMax * 0.7);
    this.ceiling = bounds.bitsMax;
  }

  /** The rate in force. */
  get rate(): Rate {
    const { bitsMax, framesMax } = this.bounds;
    const share = this.bits / bitsMax;
    const frames = share < 0.25 ? framesMax / 3 : share < 0.5 ? framesMax / 2 : framesMax;
    return { bitsPerSecond: this.bits, framesPerSecond: Math.max(4, Math.round(frames)) };
  }

  /** True when a new frame would only wait: it is not encoded at all. */
  holds(bufferedBytes: number): boolean {
    return this.backlog(bufferedBytes) > hold_ms;
  }

  /** Looks at the socket; gives the new rate when it changes. */
  observe(bufferedBytes: number, now: number): Rate | null {
    const backlog = this.backlog(bufferedBytes);
    if (backlog > hold_ms) {
      this.calmSince = -1;
      return now - this.lowered >= lower_every_ms ? this.set(this.bits * 0.7, now) : null;
    }
    if (backlog > calm_ms) {
      this.calmSince = -1;
      return null;
    }
    if (this.calmSince < 0) this.calmSince = now;
    if (now - this.calmSince < raise_after_ms) return null;
    this.calmSince = now;
    // A ceiling that others asked for is forgotten after a while.
    if (now - this.ceilingAt > 15_000) this.ceiling = this.bounds.bitsMax;
    return this.set(this.bits * 1.2, now);
  }

  /** Somebody who receives it cannot keep up. */
  slower(bitsPerSecond: number, now: number): Rate | null {
    this.ceiling = Math.max(this.bounds.bitsMin, Math.min(this.bounds.bitsMax, bitsPerSecond));
    this.ceilingAt = now;
    return this.set(Math.min(this.bits, this.ceiling), now);
  }

  private backlog(bufferedBytes: number): number {
    return (bufferedBytes * 8_000) / this.bits;
  }

  private set(bits: number, now: number): Rate | null {
    const bounded = Math.round(
      Math.max(this.bounds.bitsMin, Math.min(this.bounds.bitsMax, this.ceiling, bits)),
    );
    if (bounded < this.bits) this.lowered = now;
    if (bounded === this.bits) return null;
    this.bits = bounded;
    return this.rate;
  }
}
