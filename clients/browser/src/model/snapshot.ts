// Reads the view that the server sends to whoever joins.
import { num, tagged } from "../wire/bytes";
import type { TrackKind, Role, To, View } from "./view";

type Raw = Record<string, unknown>;

/** To whom, from its MessagePack form. */
export function readTo(value: unknown): To {
  const [tag] = tagged(value);
  if (tag === "everyone" || tag === "hosts") return tag;
  if (tag === "one") return { one: num((value as Raw)["one"]) };
  throw new Error(`unknown audience ${tag}`);
}

/** A number that may be absent. */
export function maybe(value: unknown): number | null {
  return value === null || value === undefined ? null : num(value);
}

function entries<T>(value: unknown, read: (raw: Raw) => T): Map<number, T> {
  const pairs = Object.entries((value ?? {}) as Raw).map(([id, raw]): [number, T] => [
    Number(id),
    read(raw as Raw),
  ]);
  return new Map(pairs.sort((a, b) => a[0] - b[0]));
}

/** The view of a snapshot. */
export function readSnapshot(raw: Raw): View {
  return {
    meeting: num(raw["meeting"]),
    session: num(raw["session"]),
    type: num(raw["kind"]),
    topic: String(raw["topic"]),
    started: num(raw["started"]),
    ended: num(raw["ended"]),
    locked: raw["locked"] === true,
    recording: raw["recording"] === true,
    presenter: maybe(raw["presenter"]),
    controller: maybe(raw["controller"]),
    people: entries(raw["people"], (p) => ({
      name: String(p["name"]),
      role: String(p["role"]) as Role,
      joined: num(p["joined"]),
      since: num(p["since"]),
      away: p["away"] === true,
      hand: num(p["hand"]),
      muted: p["muted"] === true,
      silenced: p["silenced"] === true,
      telephone: p["telephone"] === true,
      quiet: p["quiet"] === true,
    })),
    lobby: entries(raw["lobby"], (w) => ({ name: String(w["name"]), since: num(w["since"]) })),
    tracks: entries(raw["tracks"], (t) => ({
      owner: num(t["owner"]),
      kind: String(t["kind"]) as TrackKind,
      codec: String(t["codec"]),
      width: num(t["width"]),
      height: num(t["height"]),
      generation: num(t["generation"]),
      paused: t["paused"] === true,
      to: maybe(t["to"]),
    })),
    chat: ((raw["chat"] ?? []) as Raw[]).map((line) => ({
      seq: num(line["seq"]),
      time: num(line["time"]),
      from: num(line["from"]),
      name: String(line["name"]),
      to: readTo(line["to"]),
      text: String(line["text"]),
    })),
    said: num(raw["said"]),
  };
}
