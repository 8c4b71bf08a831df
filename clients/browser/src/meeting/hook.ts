// Diagnostics for tests and for whoever helps: `window.__convoke`, read-only, the numbers of the
// details dialog.
import { viewHash } from "../model/canonical";
import type { Line } from "../model/view";
import type { Session } from "../session/session";

/** What `window.__convoke` shows. */
export type Diagnostics = {
  readonly phase: string;
  readonly connected: boolean;
  readonly who: number;
  readonly seq: number;
  readonly hash: string;
  readonly chain: string;
  readonly sound: boolean;
  readonly reconnects: number;
  readonly chat: readonly Line[];
  readonly people: readonly {
    id: number;
    name: string;
    role: string;
    hand: boolean;
    muted: boolean;
    silenced: boolean;
    away: boolean;
  }[];
  readonly lobby: readonly { id: number; name: string }[];
  readonly presenter: number | null;
  readonly locked: boolean;
  readonly recording: boolean;
  readonly tracks: readonly {
    id: number;
    owner: number;
    kind: string;
    codec: string;
    paused: boolean;
    decodedFrames: number;
    drawnFrames: number;
    width: number;
    height: number;
    errors: number;
    gaps: number;
    audioEnergy: number;
  }[];
  readonly published: readonly {
    track: number;
    kind: string;
    frames: number;
    keyFrames: number;
    bytes: number;
    bits: number;
  }[];
  readonly audioEnergy: number;
  readonly playedEnergy: number;
};

/** Puts the diagnostics of a session where tests look for them. */
export function expose(session: Session): void {
  const tracks = (): Diagnostics["tracks"] =>
    [...session.view.tracks].map(([id, track]) => {
      const stats = session.player.stats[id];
      return {
        id,
        owner: track.owner,
        kind: track.kind,
        codec: track.codec,
        paused: track.paused,
        decodedFrames: stats?.decoded ?? 0,
        drawnFrames: stats?.drawn ?? 0,
        width: stats?.width ?? 0,
        height: stats?.height ?? 0,
        errors: stats?.errors ?? 0,
        gaps: stats?.gaps ?? 0,
        audioEnergy: stats?.energy ?? 0,
      };
    });
  const read: { [K in keyof Diagnostics]: () => Diagnostics[K] } = {
    phase: () => session.phase.value.at,
    connected: () => session.link.value.ok && session.phase.value.at === "live",
    who: () => session.me.value,
    seq: () => session.diagnostics.seq,
    hash: () => viewHash(session.view),
    chain: () => session.diagnostics.chain,
    sound: () => session.diagnostics.sound,
    reconnects: () => session.diagnostics.reconnects,
    chat: () => session.view.chat.map((line) => ({ ...line })),
    people: () =>
      [...session.view.people].map(([id, p]) => ({
        id,
        name: p.name,
        role: p.role,
        hand: p.hand > 0,
        muted: p.muted,
        silenced: p.silenced,
        away: p.away,
      })),
    lobby: () => [...session.view.lobby].map(([id, waiting]) => ({ id, name: waiting.name })),
    presenter: () => session.view.presenter,
    locked: () => session.view.locked,
    recording: () => session.view.recording,
    tracks,
    published: () =>
      session.local.publishers.map(({ track, plan, stats }) => {
        const { frames, keyFrames, bytes, bits } = stats;
        return { track, kind: plan.kind, frames, keyFrames, bytes, bits };
      }),
    audioEnergy: () => tracks().reduce((sum, track) => sum + track.audioEnergy, 0),
    playedEnergy: () => session.player.mixer.energy,
  };
  const shown = {};
  for (const [name, get] of Object.entries(read))
    Object.defineProperty(shown, name, { get, enumerable: true });
  Object.defineProperty(window, "__convoke", { value: Object.freeze(shown), configurable: true });
}
