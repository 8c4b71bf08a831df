// Media messages: a 40-byte header and at most 16 KiB in all; frames are cut into parts and put
// together again.

/** Bytes of the header. */
export const media_header_bytes = 40;
/** Bytes of a whole message at most. */
export const media_message_bytes_max = 16_384;
const media_kind = 0x10;

/** Flag bits. */
export const flag = { key: 1, first: 2, last: 4, config: 8 } as const;

/** The header of a media message. */
export type MediaHeader = {
  flags: number;
  part: number;
  track: number;
  generation: number;
  frame: number;
  /** Publisher's clock, microseconds. */
  timestamp: number;
  /** Server's clock at arrival, milliseconds; 0 on the way there. */
  serverTime: number;
  /** Last durable fact at arrival; 0 on the way there. */
  factSeq: number;
};

/** Reads the header, or null when the bytes are no media message. */
export function readMedia(bytes: Uint8Array): { header: MediaHeader; payload: Uint8Array } | null {
  if (bytes.length < media_header_bytes || bytes[0] !== media_kind) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header: MediaHeader = {
    flags: view.getUint8(1),
    part: view.getUint16(2, true),
    track: view.getUint32(4, true),
    generation: view.getUint32(8, true),
    frame: view.getUint32(12, true),
    timestamp: Number(view.getBigUint64(16, true)),
    serverTime: Number(view.getBigUint64(24, true)),
    factSeq: Number(view.getBigUint64(32, true)),
  };
  return { header, payload: bytes.subarray(media_header_bytes) };
}

/** What a frame needs to become messages. */
export type FrameOut = {
  track: number;
  generation: number;
  frame: number;
  timestamp: number;
  key: boolean;
  config?: boolean;
  data: Uint8Array;
};

/** The messages of a frame. */
export function cutFrame(out: FrameOut): Uint8Array<ArrayBuffer>[] {
  const room = media_message_bytes_max - media_header_bytes;
  const parts = Math.max(1, Math.ceil(out.data.length / room));
  const messages: Uint8Array<ArrayBuffer>[] = [];
  for (let part = 0; part < parts; part++) {
    const slice = out.data.subarray(part * room, (part + 1) * room);
    const bytes = new Uint8Array(media_header_bytes + slice.length);
    const view = new DataView(bytes.buffer);
    let flags = 0;
    if (out.key) flags |= flag.key;
    if (part === 0) flags |= flag.first;
    if (part === parts - 1) flags |= flag.last;
    if (out.config) flags |= flag.config;
    bytes[0] = media_kind;
    bytes[1] = flags;
    view.setUint16(2, part, true);
    view.setUint32(4, out.track, true);
    view.setUint32(8, out.generation, true);
    view.setUint32(12, out.frame, true);
    view.setBigUint64(16, BigInt(Math.max(0, Math.round(out.timestamp))), true);
    bytes.set(slice, media_header_bytes);
    messages.push(bytes);
  }
  return messages;
}

/** A frame put together again, or a decoder's description. */
export type FrameIn = {
  kind: "frame" | "config";
  key: boolean;
  /** True when frames before this one are missing: only a key frame can be decoded now. */
  gap: boolean;
  frame: number;
  generation: number;
  timestamp: number;
  serverTime: number;
  data: Uint8Array;
};

/** Puts the parts of one track's frames together; tells where something is missing. */
export class Assembler {
  private parts: Uint8Array[] = [];
  private head: MediaHeader | null = null;
  private last: { frame: number } | null = null;
  private broken = false;

  /** Takes one message; gives the frame that it completes. */
  take(header: MediaHeader, payload: Uint8Array): FrameIn | null {
    const isConfig = (header.flags & flag.config) !== 0;
    if (header.flags & flag.first) {
      if (this.head) this.broken = true;
      this.head = header;
      this.parts = [payload];
    } else {
      const fits =
        this.head !== null &&
        this.head.frame === header.frame &&
        this.head.generation === header.generation &&
        header.part === this.parts.length;
      if (!fits) {
        this.head = null;
        this.parts = [];
        this.broken = true;
        return null;
      }
      this.parts.push(payload);
    }
    if ((header.flags & flag.last) === 0) return null;
    const data = this.join();
    const first = this.head ?? header;
    this.head = null;
    this.parts = [];
    const found = {
      key: (first.flags & flag.key) !== 0,
      frame: first.frame,
      generation: first.generation,
      timestamp: first.timestamp,
      serverTime: first.serverTime,
      data,
    };
    if (isConfig) return { kind: "config", gap: false, ...found };
    const expected = this.last === null ? first.frame : (this.last.frame + 1) >>> 0;
    const gap = this.broken || first.frame !== expected || this.last === null;
    this.broken = false;
    this.last = { frame: first.frame };
    return { kind: "frame", gap, ...found };
  }

  private join(): Uint8Array {
    if (this.parts.length === 1) return this.parts[0] ?? new Uint8Array();
    const total = this.parts.reduce((sum, part) => sum + part.length, 0);
    const data = new Uint8Array(total);
    let at = 0;
    for (const part of this.parts) {
      data.set(part, at);
      at += part.length;
    }
    return data;
  }
}
