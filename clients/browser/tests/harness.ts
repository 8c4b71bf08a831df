// A server's side for tests of the connection: entries, places and control messages as bytes.
import { sha256 } from "@noble/hashes/sha2.js";
import { pack } from "../src/wire/bytes";
import { chain, leafOf } from "../src/wire/entry";

/** One fact in the forms it can be sent; the short one is for everyone only. */
export type Made = {
  entry: Uint8Array;
  short: Uint8Array;
  withheld: Uint8Array;
  hash: Uint8Array;
};

/** Writes a stream entry by entry. */
export class Log {
  hash: Uint8Array = new Uint8Array(32);
  seq = 0;

  write(event: unknown, { audience = 0, person = 0, actor = 1, client = 0n, n = 0n } = {}): Made {
    const payload = new Uint8Array([...new Uint8Array(16).fill(7), ...pack(event)]);
    const bytes = new Uint8Array(96 + payload.length);
    const view = new DataView(bytes.buffer);
    this.seq += 1;
    bytes[0] = 1;
    bytes[1] = 1;
    view.setUint32(4, payload.length, true);
    view.setUint32(8, 88_137_455, true);
    view.setUint32(12, 1, true);
    view.setUint32(16, 3, true);
    bytes[20] = audience;
    view.setBigUint64(24, BigInt(this.seq), true);
    view.setBigUint64(32, 1_785_000_000_000n + BigInt(this.seq), true);
    view.setUint32(40, actor, true);
    view.setUint32(44, person, true);
    view.setBigUint64(48, client, true);
    view.setBigUint64(56, n, true);
    bytes.set(sha256(payload), 64);
    bytes.set(payload, 96);
    const leaf = leafOf(bytes.subarray(0, 96));
    this.hash = chain(this.hash, leaf);
    const withheld = new Uint8Array(48);
    withheld[0] = 3;
    new DataView(withheld.buffer).setBigUint64(8, BigInt(this.seq), true);
    withheld.set(leaf, 16);
    return { entry: bytes, short: shortened(bytes), withheld, hash: this.hash };
  }

  said(text: string, options = {}): Made {
    return this.write({ chat: { said: { to: "everyone", text } } }, options);
  }
}

function shortened(entry: Uint8Array): Uint8Array {
  const part = (from: number, to: number) => entry.subarray(from, to);
  const ids = [...part(40, 44), ...part(24, 28), ...part(56, 60), ...part(48, 56)];
  const header = [4, ...part(1, 4), ...ids, ...part(16, 18), ...part(32, 38)];
  return new Uint8Array([...header, ...entry.subarray(96)]);
}

/** A control message of the server. */
export function control(message: unknown): Uint8Array {
  return new Uint8Array([2, ...pack(message)]);
}

/** The view of an empty session. */
export const view = {
  meeting: 88_137_455,
  session: 1,
  kind: 0,
  topic: "Weekly",
  started: 1n,
  ended: 0,
  locked: false,
  recording: false,
  presenter: null,
  people: {},
  lobby: {},
  tracks: {},
  chat: [],
  said: 0,
};
