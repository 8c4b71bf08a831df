// What a fact means in words: spoken to screen readers, shown as a toast when it concerns this
// person.
import type { Dictionary } from "../i18n/en";
import type { Fact } from "../model/fold";
import type { View } from "../model/view";
import { num, tagged } from "../wire/bytes";

/** Words for a fact; a toast is seen, the rest is only spoken. */
export type News = { words: string; toast: boolean };

/** Above this many people, coming and going is no news. */
const crowd = 25;

/** The news in a fact, told before the fact is applied to `view`. */
export function news(t: Dictionary, view: View, fact: Fact, me: number): News | null {
  if (fact.event === null) return null;
  const [topic, inner] = tagged(fact.event);
  if (topic === "policy" || topic === "delivery") return null;
  const [name, body] = tagged(inner);
  const who = typeof body["who"] === "number" ? body["who"] : 0;
  const called = (id: number): string => view.people.get(id)?.name ?? "";
  const say = (words: string): News => ({ words, toast: false });
  const show = (words: string): News => ({ words, toast: true });
  const e = t.events;
  switch (`${topic}.${name}`) {
    case "roster.joined":
      return who !== me && view.people.size < crowd ? say(e.joined(String(body["name"]))) : null;
    case "roster.left":
      return who !== me && view.people.has(who) && view.people.size < crowd
        ? say(e.left(called(who)))
        : null;
    case "roster.waiting":
      return show(e.waiting(String(body["name"])));
    case "hand.raised":
      return who !== me
        ? { words: e.hand(called(who)), toast: view.people.get(me)?.role === "host" }
        : null;
    case "track.muted":
      return who === me ? show(e.mutedYou) : null;
    case "track.unmuted":
      return who === me ? show(e.allowedYou) : null;
    case "chat.announced":
      return show(e.announced(String(body["text"])));
    case "chat.silenced":
      return who === me ? show(e.silencedYou) : null;
    case "floor.presenter_changed":
      if (who === me)
        return fact.actor === me || fact.actor === 0 ? say(e.presenterYou) : show(e.presenterYou);
      if (view.presenter === me) return show(e.notPresenter);
      return who ? say(e.presenter(called(who))) : null;
    case "control.asked":
      return fact.actor !== me ? show(e.controlAsked(called(fact.actor))) : null;
    case "control.ended":
      return say(e.controlEnded);
    case "track.opened":
      return body["kind"] === "screen" && fact.actor !== me
        ? say(e.shares(called(fact.actor)))
        : null;
    case "track.closed": {
      const track = view.tracks.get(num(body["track"]));
      return track?.kind === "screen" && track.owner !== me
        ? say(e.sharesEnded(called(track.owner)))
        : null;
    }
    case "lock.locked":
      return show(e.lockedNow);
    case "lock.unlocked":
      return show(e.unlockedNow);
    case "recording.started":
      return view.recording ? null : show(e.recordingOn);
    case "recording.stopped":
      return view.recording ? show(e.recordingOff) : null;
    default:
      return null;
  }
}
