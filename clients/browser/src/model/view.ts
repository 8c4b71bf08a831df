// The session as its participants see it; the shape is that of the model's `SessionView`.

/** A participant's part in the meeting. */
export type Role = "host" | "panelist" | "attendee" | "viewer";

/** What a page can share. */
export type Kind = "screen" | "camera" | "microphone";

/** What a track shows; remote input is for programs that can carry it out. */
export type TrackKind = Kind | "remote_input";

/** To whom something is said. */
export type To = "everyone" | "hosts" | { one: number };

/** Somebody in the session. */
export type Person = {
  name: string;
  role: Role;
  joined: number;
  since: number;
  away: boolean;
  /** Seq of the fact by which the hand went up; 0 when it is down. */
  hand: number;
  muted: boolean;
  silenced: boolean;
  /** Whether they are on the telephone. */
  telephone: boolean;
  /** On the telephone: whether their microphone is off. */
  quiet: boolean;
};

/** Somebody in the lobby. */
export type Waiting = { name: string; since: number };

/** Something shared. */
export type Track = {
  owner: number;
  kind: TrackKind;
  codec: string;
  width: number;
  height: number;
  generation: number;
  paused: boolean;
  /** To whom alone it is sent; null: to everyone else. */
  to: number | null;
};

/** One chat message. */
export type Line = { seq: number; time: number; from: number; name: string; to: To; text: string };

/** A session as somebody sees it. */
export type View = {
  meeting: number;
  session: number;
  type: number;
  topic: string;
  started: number;
  ended: number;
  locked: boolean;
  recording: boolean;
  presenter: number | null;
  /** Who controls the presenter's screen. */
  controller: number | null;
  people: Map<number, Person>;
  lobby: Map<number, Waiting>;
  tracks: Map<number, Track>;
  chat: Line[];
  said: number;
};

/** How many chat messages a view keeps. */
export const chat_max = 200;

/** The view before the first fact. */
export function emptyView(): View {
  return {
    meeting: 0,
    session: 0,
    type: 0,
    topic: "",
    started: 0,
    ended: 0,
    locked: false,
    recording: false,
    presenter: null,
    controller: null,
    people: new Map(),
    lobby: new Map(),
    tracks: new Map(),
    chat: [],
    said: 0,
  };
}
