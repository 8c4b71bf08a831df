// MessagePack as the protocol uses it: named maps, 64-bit integers as bigint, nothing of undefined.
import { Decoder, Encoder } from "@msgpack/msgpack";

const encoder = new Encoder({ useBigInt64: true, ignoreUndefined: true });
const decoder = new Decoder({ useBigInt64: true, maxStrLength: 65_536, maxBinLength: 65_536 });

/** A value as MessagePack. */
export function pack(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/** The value of MessagePack bytes; throws on bytes that are none. */
export function unpack(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}

/** A number from a MessagePack integer of any width; throws on anything else. */
export function num(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw new Error("an integer was expected");
}

/** The texts of a list; throws on anything else. */
export function texts(value: unknown): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new Error("a list of texts was expected");
}

/** A tagged value such as `{said: {...}}` or the bare word of a unit variant, as [tag, body]. */
export function tagged(value: unknown): [string, Record<string, unknown>] {
  if (typeof value === "string") return [value, {}];
  if (value !== null && typeof value === "object" && !(value instanceof Uint8Array)) {
    const first = Object.entries(value)[0];
    if (first) return [first[0], first[1] as Record<string, unknown>];
  }
  throw new Error("a tagged value was expected");
}

const digits = "0123456789abcdef";

/** Bytes as lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const b of bytes) text += (digits[b >> 4] ?? "") + (digits[b & 15] ?? "");
  return text;
}

/** Bytes of hexadecimal text. */
export function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Whether two byte strings are the same. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
