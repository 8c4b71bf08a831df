// How much to send: the bit rate and frame rate that the socket can carry and the readers can
// follow, decided from what waits in the socket and from what the server says of the readers.

/** The bounds of one video track. */
export type RateBounds = { bitsMin: number; bitsMax: number; framesMax: number };

/** What the encoder should do now. */
export type Rate = { bitsPerSecond: number; framesPerSecond: number };

const hold_ms = 300;
const calm_ms = 60;
const lower_every_ms = 700;
const raise_after_ms = 3_000;
const rise = 1.2;
/** Above what readers could not follow before, only small steps are taken. */
const careful_rise = 1.06;
const rest_first_ms = 15_000;
const rest_max_ms = 120_000;

export class RateControl {
  private bits: number;
  private lowered = -Infinity;
  private calmSince = -1;
  /** What readers can follow, as long as that is believed. */
  private ceiling: number;
  private ceilingAt = -Infinity;
  private rest_ms = rest_first_ms;
  /** What was too much for them last. */
  private tooMuch = Infinity;

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
    // What readers could follow is doubted after a rest, and each time that the doubt was wrong
    // after a longer one.
    const rested = now - this.ceilingAt;
    if (rested > this.rest_ms) this.ceiling = this.bounds.bitsMax;
    if (rested > 2 * rest_max_ms) this.tooMuch = Infinity;
    const higher = this.bits * rise;
    return this.set(higher < this.tooMuch ? higher : this.bits * careful_rise, now);
  }

  /** Somebody who receives it cannot keep up. */
  slower(bitsPerSecond: number, now: number): Rate | null {
    const again = now - this.ceilingAt;
    // Said again at once, it is about what was sent before the rate fell.
    if (again > this.rest_ms) {
      const soon = again < 2 * rest_max_ms;
      this.rest_ms = soon ? Math.min(rest_max_ms, this.rest_ms * 2) : rest_first_ms;
    }
    if (bitsPerSecond < this.bits) this.tooMuch = this.bits;
    this.ceiling = Math.max(this.bounds.bitsMin, Math.min(this.bounds.bitsMax, bitsPerSecond));
    this.ceilingAt = now;
    this.calmSince = -1;
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
