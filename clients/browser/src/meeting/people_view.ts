// What the page shows of people, taken from the view: one value per person with all their marks.
import type { Person, Track, View } from "../model/view";

/** A person with what they share. */
export type Member = Person & {
  id: number;
  isMe: boolean;
  presents: boolean;
  camera: { id: number; track: Track } | null;
  microphone: { id: number; track: Track } | null;
};

/** Everybody in the session, in the order they joined. */
export function members(view: View, me: number): Member[] {
  const found = new Map<number, Member>();
  for (const [id, person] of view.people) {
    found.set(id, {
      ...person,
      id,
      isMe: id === me,
      presents: view.presenter === id,
      camera: null,
      microphone: null,
    });
  }
  for (const [id, track] of view.tracks) {
    const owner = found.get(track.owner);
    if (!owner || track.kind === "screen" || track.kind === "remote_input") continue;
    owner[track.kind] = { id, track };
  }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

/** The screen that is shared, if one is. */
export function sharedScreen(view: View): { id: number; track: Track } | null {
  for (const [id, track] of view.tracks) if (track.kind === "screen") return { id, track };
  return null;
}

/** Who fills the stage, most interesting first; viewers never do. */
export function onStage(all: Member[]): Member[] {
  const weight = (m: Member): number =>
    (m.camera ? 8 : 0) +
    (m.presents ? 4 : 0) +
    (m.hand > 0 ? 2 : 0) +
    (m.microphone && !m.microphone.track.paused ? 1 : 0);
  return all
    .filter((m) => m.role !== "viewer")
    .sort((a, b) => weight(b) - weight(a) || a.id - b.id);
}

/** True when something of this person can be heard now. */
export function isHeard(member: Member): boolean {
  if (member.telephone) return !member.quiet && !member.muted;
  return member.microphone !== null && !member.microphone.track.paused;
}
