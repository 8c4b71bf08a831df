// What is above the stage when something needs attention: a lost link, sound that waits for a
// gesture, a screen that somebody else controls.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { text } from "../i18n";
import { command } from "../model/command";
import type { Session } from "../session/session";
import { Button } from "../ui/controls";
import { Icon } from "../ui/icons";

/** The banners. */
export function Banners({ session }: { session: Session }): JSX.Element {
  const link = session.link.value;
  const t = text.value;
  const blocked = session.player.sound.value === "blocked";
  return (
    <div class="banners" aria-live="assertive">
      {!link.ok && <Lost session={session} retryAt={link.retryAt} />}
      {link.ok && blocked && (
        <div class="banner">
          <Icon name="speaker" />
          <span class="grow">{t.meeting.soundOff}</span>
          <Button
            size="small"
            kind="primary"
            data-control="sound"
            onClick={() => void session.player.startSound()}
          >
            {t.meeting.soundOn}
          </Button>
        </div>
      )}
      <Controlled session={session} />
    </div>
  );
}

/** Who controls the shared screen, and the way to end it for those who may. */
function Controlled({ session }: { session: Session }): JSX.Element | null {
  const t = text.value.control;
  session.revision.value;
  const { view } = session;
  const { controller } = view;
  const me = session.me.value;
  if (controller === null) return null;
  const isMine = controller === me;
  const mayTake = view.presenter === me || view.people.get(me)?.role === "host";
  const name = view.people.get(controller)?.name ?? "";
  const wish = isMine ? command.releaseControl() : command.takeControl();
  return (
    <div class="banner" data-banner="controlled">
      <Icon name="presenter" />
      <span class="grow">
        {isMine ? t.you : view.presenter === me ? t.yours(name) : t.other(name)}
      </span>
      {(isMine || mayTake) && (
        <Button
          size="small"
          kind={view.presenter === me ? "danger" : "quiet"}
          data-control="end-control"
          onClick={() => void session.wish(wish)}
        >
          {isMine ? t.release : t.take}
        </Button>
      )}
    </div>
  );
}

function Lost({ session, retryAt }: { session: Session; retryAt: number }): JSX.Element {
  const t = text.value.connection;
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((retryAt - now) / 1000);
  return (
    <div class="banner bad" data-banner="lost">
      <Icon name="wifiOff" />
      <span class="grow">
        {t.lost}
        <span aria-hidden="true" class="banner-count">
          {seconds > 1 ? ` ${seconds} s` : ""}
        </span>
      </span>
      {seconds > 1 && (
        <Button size="small" onClick={() => session.retry()}>
          {t.now}
        </Button>
      )}
    </div>
  );
}
