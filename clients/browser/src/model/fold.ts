// The fold: facts into the view, one rule per fact, equal to the model's `SessionView::apply`.
import { num, tagged } from "../wire/bytes";
import { maybe, readTo } from "./snapshot";
import { chat_max, type TrackKind, type Person, type Role, type View } from "./view";

type Raw = Record<string, unknown>;

/** A fact with its place, as far as the fold needs it. */
export type Fact = { seq: number; time: number; actor: number; event: unknown };

const types: Record<string, number> = {
  interactive: 0,
  remote_support: 1,
  remote_access: 2,
  webinar: 3,
  video_conference: 4,
};

/** Takes a fact into the view; facts of kinds this client does not know change nothing. */
export function apply(view: View, fact: Fact): void {
  if (fact.event === null) return;
  const [topic, inner] = tagged(fact.event);
  if (topic === "policy" || topic === "delivery") return;
  const [name, body] = tagged(inner);
  switch (topic) {
    case "lifecycle":
      return lifecycle(view, fact, name, body);
    case "roster":
      return roster(view, fact, name, body);
    case "floor":
      if (name === "presenter_changed") {
        view.presenter = maybe(body["who"]);
      }
      return;
    case "control":
      if (name === "given") view.controller = num(body["to"]);
      if (name === "ended") view.controller = null;
      return;
    case "chat":
      return chat(view, fact, name, body);
    case "track":
      return track(view, fact, name, body);
    case "hand":
      if (name === "raised") person(view, body, (p) => (p.hand = fact.seq));
      if (name === "lowered") person(view, body, (p) => (p.hand = 0));
      return;
    case "dial_in":
      if (name === "on_telephone") person(view, body, (p) => (p.telephone = true));
      if (name === "microphone_off") person(view, body, (p) => (p.quiet = true));
      if (name === "microphone_on") person(view, body, (p) => (p.quiet = false));
      return;
    case "lock":
      if (name === "locked" || name === "unlocked") view.locked = name === "locked";
      return;
    case "recording":
      if (name === "started" || name === "stopped") view.recording = name === "started";
      return;
  }
}

function lifecycle(view: View, fact: Fact, name: string, body: Raw): void {
  if (name === "opened") {
    view.meeting = num(body["meeting"]);
    view.session = num(body["session"]);
    view.type = types[String(body["kind"])] ?? 0;
    view.topic = String(body["topic"]);
    view.started = fact.time;
    view.recording = body["recording"] === true;
  } else if (name === "ended") {
    view.ended = fact.time;
  }
}

function roster(view: View, fact: Fact, name: string, body: Raw): void {
  if (name === "entered") return;
  const who = num(body["who"]);
  switch (name) {
    case "waiting":
      view.lobby.set(who, { name: String(body["name"]), since: fact.time });
      return;
    case "joined":
      view.lobby.delete(who);
      view.people.set(who, {
        name: String(body["name"]),
        role: String(body["role"]) as Role,
        joined: fact.seq,
        since: fact.time,
        away: false,
        hand: 0,
        muted: false,
        silenced: false,
        telephone: false,
        quiet: false,
      });
      return;
    case "left":
      view.lobby.delete(who);
      view.people.delete(who);
      return;
    case "disconnected":
      return person(view, body, (p) => (p.away = true));
    case "reconnected":
      return person(view, body, (p) => (p.away = false));
  }
}

function chat(view: View, fact: Fact, name: string, body: Raw): void {
  if (name === "silenced") return person(view, body, (p) => (p.silenced = true));
  if (name === "unsilenced") return person(view, body, (p) => (p.silenced = false));
  // The server speaks to everyone, in the name of who runs it.
  const announced = name === "announced";
  if (!announced && (name !== "said" || fact.actor === 0)) return;
  const to = announced ? "everyone" : readTo(body["to"]);
  if (to === "everyone" && !announced) view.said += 1;
  if (view.chat.length >= chat_max) view.chat.shift();
  const line = {
    seq: fact.seq,
    time: fact.time,
    from: announced ? 0 : fact.actor,
    name: view.people.get(fact.actor)?.name ?? "",
  };
  view.chat.push({ ...line, to, text: String(body["text"]) });
}

function track(view: View, fact: Fact, name: string, body: Raw): void {
  if (name === "muted") return person(view, body, (p) => (p.muted = true));
  if (name === "unmuted") return person(view, body, (p) => (p.muted = false));
  const id = num(body["track"]);
  if (name === "opened") {
    if (fact.actor === 0) return;
    view.tracks.set(id, {
      owner: fact.actor,
      kind: String(body["kind"]) as TrackKind,
      codec: String(body["codec"]),
      width: num(body["width"]),
      height: num(body["height"]),
      generation: 1,
      paused: false,
      to: maybe(body["to"]),
    });
  } else if (name === "closed") {
    view.tracks.delete(id);
  } else if (name === "paused" || name === "resumed") {
    const found = view.tracks.get(id);
    if (found) {
      found.generation = num(body["generation"]);
      found.paused = name === "paused";
    }
  }
}

function person(view: View, body: Raw, change: (person: Person) => unknown): void {
  const found = view.people.get(num(body["who"]));
  if (found) change(found);
}
