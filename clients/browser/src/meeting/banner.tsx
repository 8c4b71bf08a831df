// What is above the stage when something needs attention: a lost link, sound that waits for a
// gesture.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { text } from "../i18n";
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
