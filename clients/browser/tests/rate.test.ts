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

  it("stays under what readers can follow, for a while", () => {
    const rate = new RateControl(bounds);
    expect(rate.slower(300_000, 0)?.bitsPerSecond).toBe(300_000);
    for (let t = 0; t < 14_000; t += 250) rate.observe(0, t);
    expect(rate.rate.bitsPerSecond).toBe(300_000);
    for (let t = 15_000; t < 120_000; t += 250) rate.observe(0, t);
    expect(rate.rate.bitsPerSecond).toBe(bounds.bitsMax);
  });

  it("falls to the lowest rate at most, and with it the frames", () => {
    const rate = new RateControl(bounds);
    const lowest = { bitsPerSecond: bounds.bitsMin, framesPerSecond: 8 };
    expect(rate.slower(1, 0)).toEqual(lowest);
    expect(rate.slower(1, 100)).toBeNull();
  });

  it("never rises because readers could follow more", () => {
    const rate = new RateControl(bounds);
    expect(rate.slower(5_000_000, 0)).toBeNull();
  });

  it("rests longer each time that readers fall behind again, and comes near in small steps", () => {
    const rate = new RateControl(bounds);
    const readers_follow = 400_000;
    const complaints: number[] = [];
    for (let t = 0; t < 300_000; t += 250) {
      rate.observe(0, t);
      if (rate.rate.bitsPerSecond <= readers_follow) continue;
      complaints.push(t);
      rate.slower(readers_follow * 0.8, t);
    }
    const pauses = complaints.slice(1).map((t, i) => t - (complaints[i] ?? 0));
    expect(pauses.length).toBeGreaterThan(2);
    for (let i = 1; i < pauses.length; i++)
      expect(pauses[i]).toBeGreaterThanOrEqual(pauses[i - 1] ?? 0);
    expect(pauses.at(-1)).toBeGreaterThan(60_000);
  });
});
