// The state as lines of ids, numbers and flags, equal for every implementation of the fold, and its hash.
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "../wire/bytes";
import type { View } from "./view";

const flag = (on: boolean): number => (on ? 1 : 0);
const sorted = <T>(map: Map<number, T>): [number, T][] => [...map].sort((a, b) => a[0] - b[0]);

/** The canonical text of a view; holds nothing that people typed. */
export function canonical(view: View): string {
  let out = `session ${view.meeting} ${view.session} type=${view.type} started=${view.started} ended=${view.ended}`;
  out += ` locked=${flag(view.locked)} recording=${flag(view.recording)} presenter=${view.presenter ?? 0} said=${view.said}\n`;
  for (const [who, p] of sorted(view.people)) {
    out += `person ${who} role=${p.role} joined=${p.joined} since=${p.since} away=${flag(p.away)} hand=${p.hand}`;
    out += ` muted=${flag(p.muted)} silenced=${flag(p.silenced)}\n`;
  }
  for (const [who, w] of sorted(view.lobby)) out += `waiting ${who} since=${w.since}\n`;
  for (const [id, t] of sorted(view.tracks)) {
    out += `track ${id} owner=${t.owner} kind=${t.kind} codec=${t.codec} width=${t.width} height=${t.height}`;
    out += ` generation=${t.generation} paused=${flag(t.paused)}\n`;
  }
  return out;
}

/** SHA-256 of the canonical text, in hexadecimal. */
export function viewHash(view: View): string {
  return hex(sha256(new TextEncoder().encode(canonical(view))));
}
