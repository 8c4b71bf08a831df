// Going into a meeting: a full navigation, because only the meeting page may use camera and
// microphone.
import { leaveNote } from "../session/keep";

/** Where to go and with what. */
export type Entry = {
  id: string;
  ticket: string;
  name?: string;
  viewer?: boolean;
  topic?: string | undefined;
  host?: boolean;
  type?: number | undefined;
};

/**
 * Leaves this page for the meeting page; the ticket travels in the fragment, which no server
 * sees.
 */
export function enterMeeting(entry: Entry): void {
  leaveNote(entry.id, {
    name: entry.name,
    topic: entry.topic,
    viewer: entry.viewer === true,
    host: entry.host === true,
    type: entry.type,
  });
  location.assign(
    `/m/${entry.id}#t=${encodeURIComponent(entry.ticket)}${entry.viewer ? "&v=1" : ""}`,
  );
}
