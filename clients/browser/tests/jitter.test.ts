// The jitter buffer: bursts in, an even stream out, and a delay that grows only as far as it must.
import { describe, expect, it } from "vitest";
import { JitterBuffer } from "../src/media/jitter";

const rate = 48_000;
const packet = (value: number): Float32Array => new Float32Array(960).fill(value);
const quantum = 128;

/**
 * Plays `ms` while packets arrive at the given times; gives how many quanta were silent after
 * the start.
 */
function play(
  buffer: JitterBuffer,
  ms: number,
  arrivals: number[],
): { silent: number; played: number; first: number } {
  const due = [...arrivals];
  let silent = 0;
  let played = 0;
  let first = -1;
  for (let at = 0; at < (ms * rate) / 1000; at += quantum) {
    while (due.length > 0 && (due[0] ?? 0) <= (at * 1000) / rate) {
      due.shift();
      buffer.push(packet(0.5));
    }
    const energy = buffer.pull(new Float32Array(quantum));
    if (energy > 0) {
      played += 1;
      if (first < 0) first = (at * 1000) / rate;
    } else if (first >= 0) silent += 1;
  }
  return { silent, played, first };
}

const even = (count: number, late: (i: number) => number = () => 0): number[] =>
  Array.from({ length: count }, (_, i) => i * 20 + late(i)).sort((a, b) => a - b);

describe("the jitter buffer", () => {
  it("waits for its delay, then plays everything", () => {
    const buffer = new JitterBuffer(rate);
    const { silent, first } = play(buffer, 1_900, even(100));
    expect(first).toBeGreaterThanOrEqual(40);
    expect(first).toBeLessThan(80);
    expect(silent).toBe(0);
    expect(buffer.underruns).toBe(0);
  });

  it("learns from bursts: after a few stalls of 100 ms it plays through them", () => {
    const buffer = new JitterBuffer(rate);
    const stalls = (i: number): number => (i % 25 >= 20 ? (25 - (i % 25)) * 20 : 0);
    play(buffer, 4_000, even(200, stalls));
    const before = buffer.underruns;
    expect(before).toBeGreaterThan(0);
    play(buffer, 4_000, even(200, stalls));
    expect(buffer.underruns - before).toBeLessThanOrEqual(1);
    expect(buffer.targetMs).toBeLessThanOrEqual(400);
  });

  it("comes back to a short delay when the line is calm", () => {
    const buffer = new JitterBuffer(rate);
    play(buffer, 1_000, [0, 20, 40, 500, 520, 540, 560, 580]);
    const grown = buffer.targetMs;
    expect(grown).toBeGreaterThan(60);
    play(buffer, 40_000, even(2_000));
    expect(buffer.targetMs).toBeLessThan(grown);
  });

  it("never falls far behind: old sound is dropped when much arrives at once", () => {
    const buffer = new JitterBuffer(rate);
    for (let i = 0; i < 200; i++) buffer.push(packet(0.1));
    expect(buffer.bufferedMs).toBeLessThanOrEqual(60 + 160);
    expect(buffer.skips).toBeGreaterThan(0);
  });

  it("adds to what others play and ends without a click", () => {
    const buffer = new JitterBuffer(rate, { targetMinMs: 20 });
    buffer.push(packet(0.25));
    const out = new Float32Array(1_024).fill(0.5);
    buffer.pull(out);
    expect(out[0]).toBeCloseTo(0.75);
    const tail = [...out.subarray(959)].map((v) => v - 0.5);
    for (let i = 1; i < tail.length; i++)
      expect(Math.abs((tail[i] ?? 0) - (tail[i - 1] ?? 0))).toBeLessThan(0.02);
  });

  it("does not call a pause a fault", () => {
    const buffer = new JitterBuffer(rate);
    play(buffer, 300, even(15));
    buffer.reset();
    const { underruns } = buffer;
    play(buffer, 500, []);
    expect(buffer.underruns).toBe(underruns);
  });
});
