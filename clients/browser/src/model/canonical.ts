// The state as lines of ids, numbers and flags, equal for every implementation of the fold, and
// its hash.
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "../wire/bytes";
import type { View } from "./view";

const flag = (on: boolean): number => (on ? 1 : 0);
const sorted = <T>(map: Map<number, T>): [number, T][] => [...map].sort((a, b) => a[0] - b[0]);

/** One line: its first words, then `name=value` for every number and flag. */
function line(start: string, values: Record<string, string | number | boolean>): string {
  const shown = Object.entries(values).map(
    ([name, value]) => `${name}=${typeof value === "boolean" ? flag(value) : value}`,
  );
  return `${[start, ...shown].join(" ")}\n`;
}

/** The canonical text of a view; holds nothing that people typed. */
export function canonical(view: View): string {
  const { type, started, ended, locked, recording, said } = view;
  const presenter = view.presenter ?? 0;
  const session = { type, started, ended, locked, recording, presenter, said };
  const { controller } = view;
  // Said while somebody does only, as with callers below.
  const all = controller === null ? session : { ...session, controller };
  let out = line(`session ${view.meeting} ${view.session}`, all);
  for (const [who, p] of sorted(view.people)) {
    const { role, joined, since, away, hand, muted, silenced, telephone, quiet } = p;
    const all = { role, joined, since, away, hand, muted, silenced };
    // Said of callers only: everybody else is written as before there were any.
    out += line(`person ${who}`, telephone ? { ...all, telephone, quiet } : all);
  }
  for (const [who, { since }] of sorted(view.lobby)) out += line(`waiting ${who}`, { since });
  for (const [id, t] of sorted(view.tracks)) {
    const { owner, kind, codec, width, height, generation, paused, to } = t;
    const all = { owner, kind, codec, width, height, generation, paused };
    out += line(`track ${id}`, to === null ? all : { ...all, to });
  }
  return out;
}

/** SHA-256 of the canonical text, in hexadecimal. */
export function viewHash(view: View): string {
  return hex(sha256(new TextEncoder().encode(canonical(view))));
}
