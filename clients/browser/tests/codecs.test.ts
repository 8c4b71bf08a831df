// The codec suits both ends: what this browser writes, and what others said they read.
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  canDecode,
  chooseVideo,
  family,
  narrowed,
  readableCodecs,
  videoCodecs,
} from "../src/media/codecs";

const size = { width: 1280, height: 720 };

/** A browser that writes and reads these. */
function browser(writes: string[], reads: string[] = []): void {
  const supports = (names: string[]) => ({
    isConfigSupported: ({ codec }: { codec: string }) =>
      names.includes("throws")
        ? Promise.reject(new TypeError("unknown"))
        : Promise.resolve({ supported: names.includes(family(codec)) }),
  });
  vi.stubGlobal(
    "VideoEncoder",
    Object.assign(() => undefined, supports(writes)),
  );
  vi.stubGlobal(
    "VideoDecoder",
    Object.assign(() => undefined, supports(reads)),
  );
}

afterEach(() => vi.unstubAllGlobals());

describe("the codec", () => {
  const choose = async (reads: string[] | null): Promise<string | null> => {
    const codec = await chooseVideo(size, 1_000_000, 24, reads && new Set(reads));
    return codec && family(codec);
  };

  it("is the best that this browser writes while nobody complained", async () => {
    browser(["vp8", "vp09", "av01", "avc1"]);
    expect(await choose(null)).toBe("vp09");
    browser(["avc1"]);
    expect(await choose(null)).toBe("avc1");
    browser([]);
    expect(await choose(null)).toBeNull();
  });

  it("is one that the others read", async () => {
    browser(["vp8", "vp09", "avc1"]);
    expect(await choose(["vp8", "avc1"])).toBe("vp8");
    expect(await choose(["avc1", "av01"])).toBe("avc1");
    expect(await choose(["av01"])).toBeNull();
    expect(await choose([])).toBeNull();
  });

  it("is not chosen of a browser that throws on it", async () => {
    browser(["throws"], ["throws"]);
    expect(await choose(null)).toBeNull();
    expect(await canDecode("vp8")).toBe(false);
  });

  it("is left over when several people read different ones", () => {
    const first = narrowed(null, ["vp8", "avc1", "av01"]);
    expect([...first]).toEqual(["vp8", "avc1", "av01"]);
    expect([...narrowed(first, ["avc1", "vp09"])]).toEqual(["avc1"]);
    expect([...narrowed(first, [])]).toEqual([]);
  });

  it("is named by the first part of its string", async () => {
    expect(videoCodecs(size).map(family)).toEqual(["vp09", "vp8", "av01", "avc1"]);
    browser([], ["vp8", "avc1"]);
    expect(await readableCodecs()).toEqual(["vp8", "avc1"]);
  });
});
