// The entry: one fact as bytes, exactly as the server stores and hashes it. All integers little
// endian.
import { sha256 } from "@noble/hashes/sha2.js";
import { same, unpack } from "./bytes";

/** First byte of an entry. */
export const entry_kind = 0x01;
/** First byte of an entry in its short form. */
export const short_kind = 0x04;
/** First byte of a withheld entry's place. */
export const withheld_kind = 0x03;
const header_bytes = 96;
const short_header_bytes = 32;
const salt_bytes = 16;
const withheld_bytes = 48;

/** A fact with its place in the stream. */
export type Entry = {
  meeting: number;
  session: number;
  epoch: number;
  audience: number;
  seq: number;
  time: number;
  /** Participant who did it; 0 is the server. */
  actor: number;
  client: bigint;
  clientSeq: number;
  leaf: Uint8Array;
  /** The event; null when the payload was erased. */
  event: unknown;
};

/** The place of a fact that this person may not see. */
export type Withheld = { seq: number; leaf: Uint8Array };

/** SHA-256(0x00, header): what the chain holds of an entry. */
export function leafOf(header: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(0)).update(header).digest();
}

/** The stream's hash after an entry. */
export function chain(before: Uint8Array, leaf: Uint8Array): Uint8Array {
  return sha256.create().update(before).update(leaf).digest();
}

/**
 * Reads an entry; throws when the bytes are none or the payload is not what the header
 * promises.
 */
export function readEntry(bytes: Uint8Array): Entry {
  if (bytes.length < header_bytes + salt_bytes) throw new Error("entry: short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== entry_kind || bytes[1] !== 1) throw new Error("entry: unknown format");
  const payloadLen = view.getUint32(4, true);
  if (bytes.length !== header_bytes + payloadLen) throw new Error("entry: wrong length");
  const header = bytes.subarray(0, header_bytes);
  const payload = bytes.subarray(header_bytes);
  const erased = payload.every((b) => b === 0);
  if (!erased && !same(sha256(payload), header.subarray(64, 96)))
    throw new Error("entry: the payload does not fit");
  return entryOf(header, erased ? null : payload);
}

/**
 * Reads an entry of a stream in its short form: what the form leaves out is put back, so that the
 * leaf is that of the entry as the log holds it.
 */
export function readShort(bytes: Uint8Array, stream: { meeting: number; session: number }): Entry {
  if (bytes.length < short_header_bytes + salt_bytes) throw new Error("entry: short");
  if (bytes[0] !== short_kind || bytes[1] !== 1) throw new Error("entry: unknown format");
  const payload = bytes.subarray(short_header_bytes);
  const header = new Uint8Array(header_bytes);
  const view = new DataView(header.buffer);
  const put = (at: number, from: number, to: number) => header.set(bytes.subarray(from, to), at);
  header[0] = entry_kind;
  put(1, 1, 4);
  view.setUint32(4, payload.length, true);
  view.setUint32(8, stream.meeting, true);
  view.setUint32(12, stream.session, true);
  put(16, 24, 26);
  put(24, 8, 12);
  put(32, 26, 32);
  put(40, 4, 8);
  put(48, 16, 24);
  put(56, 12, 16);
  header.set(sha256(payload), 64);
  return entryOf(header, payload);
}

/** The entry with this header; without a payload, it was erased. */
function entryOf(header: Uint8Array, payload: Uint8Array | null): Entry {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  return {
    meeting: view.getUint32(8, true),
    session: view.getUint32(12, true),
    epoch: view.getUint32(16, true),
    audience: view.getUint8(20),
    seq: Number(view.getBigUint64(24, true)),
    time: Number(view.getBigUint64(32, true)),
    actor: view.getUint32(40, true),
    client: view.getBigUint64(48, true),
    clientSeq: Number(view.getBigUint64(56, true)),
    leaf: leafOf(header),
    event: payload ? unpack(payload.subarray(salt_bytes)) : null,
  };
}

/** Reads the place of a withheld entry. */
export function readWithheld(bytes: Uint8Array): Withheld {
  if (bytes.length !== withheld_bytes || bytes[0] !== withheld_kind)
    throw new Error("withheld: wrong length");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { seq: Number(view.getBigUint64(8, true)), leaf: bytes.slice(16, 48) };
}
