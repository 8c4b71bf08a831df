// The rate follows the socket: down when it backs up, up again when it is calm, within its bounds.
import { describe, expect, it } from "vitest";
import { RateControl } from "../src/media/rate";

const bounds = { bitsMin: 100_000, bitsMax: 1_000_000, framesMax: 24 };

describe("the rate", () => {
  it("falls while the socket backs up, and frames are held", () => {
    const rate = new RateControl(bounds);
    const before = rate.rate.bitsPerSecond;
    expect(rate.holds(100_000)).toBe(true);
    const lower = rate.observe(100_000, 1_000);
    expect(lower?.bitsPerSecond).toBeLessThan(before);
    expect(rate.observe(100_000, 1_100)).toBeNull();
    for (let t = 2_000; t < 20_000; t += 1_000) rate.observe(100_000, t);
    expect(rate.rate.bitsPerSecond).toBe(bounds.bitsMin);
    expect(rate.rate.framesPerSecond).toBeLessThan(bounds.framesMax / 2);
  });

  it("rises again, step by step, when the socket is calm", () => {
    const rate = new RateControl(bounds);
    for (let t = 0; t < 60_000; t += 250) rate.observe(0, t);
    expect(rate.rate).toEqual({ bitsPerSecond: bounds.bitsMax, framesPerSecond: bounds.framesMax });
    expect(rate.holds(0)).toBe(false);
  });

  it("stays under what receivers can follow, for a while", () => {
    const rate = new RateControl(bounds);
    expect(rate.slower(300_000, 0)?.bitsPerSecond).toBe(300_000);
    for (let t = 0; t < 14_000; t += 250) rate.observe(0, t);
    expect(rate.rate.bitsPerSecond).toBeLessThanOrEqual(300_000);
    for (let t = 15_000; t < 60_000; t += 250) rate.observe(0, t);
    expect(rate.rate.bitsPerSecond).toBe(bounds.bitsMax);
  });
});
