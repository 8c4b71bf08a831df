// What this tab keeps for one meeting, so that a reload comes back to it: the resume secret and a
// few labels.

/** The way back as it is kept: numbers and bytes as text. */
export type KeptWayBack = {
  meeting: number;
  session: number;
  client: string;
  secret: string;
  next: number;
};

/** Labels shown before the meeting is connected. */
export type Note = {
  name?: string | undefined;
  topic?: string | undefined;
  viewer?: boolean;
  host?: boolean;
  type?: number | undefined;
};

const key = (kind: string, meeting: string): string => `convoke.${kind}.${meeting}`;

function read<T>(name: string): T | null {
  try {
    const held = sessionStorage.getItem(name);
    return held === null ? null : (JSON.parse(held) as T);
  } catch {
    return null;
  }
}

function write(name: string, value: unknown): void {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Without storage a reload has to join again; nothing else depends on it.
  }
}

/** Keeps the right to come back. */
export function keepResume(meeting: string, wayBack: KeptWayBack): void {
  write(key("resume", meeting), wayBack);
}

/** The kept right to come back, if any. */
export function keptResume(meeting: string): KeptWayBack | null {
  const held = read<KeptWayBack>(key("resume", meeting));
  return held && typeof held.client === "string" && typeof held.secret === "string" ? held : null;
}

/** Forgets it: the person left, was removed, or the meeting ended. */
export function forgetResume(meeting: string): void {
  try {
    sessionStorage.removeItem(key("resume", meeting));
  } catch {
    // Nothing was kept.
  }
}

/** Leaves labels for the meeting page. */
export function leaveNote(meeting: string, note: Note): void {
  write(key("note", meeting), note);
}

/** The labels left for this meeting. */
export function readNote(meeting: string): Note {
  return read<Note>(key("note", meeting)) ?? {};
}
