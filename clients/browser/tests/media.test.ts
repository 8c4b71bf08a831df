// Frames are cut into messages and put together again; what is missing is noticed.
import { describe, expect, it } from "vitest";
import {
  Assembler,
  cutFrame,
  media_message_bytes_max,
  readMedia,
  type FrameIn,
} from "../src/wire/media";

const data = (n: number): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) & 255);
const base = { track: 7, generation: 3, timestamp: 1_700_000_000_123_456, key: false };

function feed(assembler: Assembler, messages: Uint8Array[]): FrameIn[] {
  return messages.flatMap((bytes) => {
    const media = readMedia(bytes);
    if (!media) throw new Error("not a media message");
    return assembler.take(media.header, media.payload) ?? [];
  });
}

describe("media messages", () => {
  it("have the header of the protocol", () => {
    const [message] = cutFrame({ ...base, frame: 5, key: true, data: data(3) });
    const bytes = message ?? new Uint8Array();
    expect([...bytes.subarray(0, 4)]).toEqual([0x10, 1 | 2 | 4, 0, 0]);
    const media = readMedia(bytes);
    expect(media?.header).toEqual({
      ...{ track: 7, generation: 3, frame: 5, timestamp: base.timestamp },
      flags: 7,
      part: 0,
      serverTime: 0,
      factSeq: 0,
    });
    expect(media?.payload).toEqual(data(3));
  });

  it("survive being cut, at every size around the bound", () => {
    const room = media_message_bytes_max - 40;
    const assembler = new Assembler();
    [0, 1, room - 1, room, room + 1, room * 3, room * 3 + 17].forEach((size, frame) => {
      const messages = cutFrame({ ...base, frame, data: data(size) });
      for (const message of messages)
        expect(message.length).toBeLessThanOrEqual(media_message_bytes_max);
      expect(messages.length).toBe(Math.max(1, Math.ceil(size / room)));
      const [found] = feed(assembler, messages);
      expect(found?.data).toEqual(data(size));
      expect(found?.gap).toBe(frame === 0);
    });
  });

  it("tell of a lost part and of a lost frame, once", () => {
    const assembler = new Assembler();
    feed(assembler, cutFrame({ ...base, frame: 0, key: true, data: data(10) }));
    const torn = cutFrame({ ...base, frame: 1, data: data(40_000) });
    expect(feed(assembler, [torn[0]!, torn[2]!])).toEqual([]);
    expect(feed(assembler, cutFrame({ ...base, frame: 2, data: data(4) }))[0]?.gap).toBe(true);
    expect(feed(assembler, cutFrame({ ...base, frame: 3, data: data(4) }))[0]?.gap).toBe(false);
    expect(feed(assembler, cutFrame({ ...base, frame: 5, data: data(4) }))[0]?.gap).toBe(true);
  });

  it("notice a frame whose last part never came", () => {
    const assembler = new Assembler();
    feed(assembler, cutFrame({ ...base, frame: 0, key: true, data: data(10) }));
    const torn = cutFrame({ ...base, frame: 1, data: data(20_000) });
    feed(assembler, [torn[0]!]);
    expect(feed(assembler, cutFrame({ ...base, frame: 2, data: data(4) }))[0]?.gap).toBe(true);
  });

  it("carry a decoder's description without counting as a frame", () => {
    const assembler = new Assembler();
    feed(assembler, cutFrame({ ...base, frame: 0, key: true, data: data(10) }));
    const found = feed(assembler, [
      ...cutFrame({ ...base, frame: 1, config: true, data: data(9) }),
      ...cutFrame({ ...base, frame: 1, key: true, data: data(8) }),
    ]);
    expect(found.map((f) => [f.kind, f.gap, f.data.length])).toEqual([
      ["config", false, 9],
      ["frame", false, 8],
    ]);
  });

  it("are nothing else", () => {
    expect(readMedia(new Uint8Array(39).fill(0x10))).toBeNull();
    expect(readMedia(new Uint8Array(50))).toBeNull();
  });
});
