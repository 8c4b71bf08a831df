// The viewer's page: the stage as large as the window, and nothing to publish with.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { text } from "../i18n";
import type { Session } from "../session/session";
import { Button } from "../ui/controls";
import { Mark } from "../ui/icons";
import { Preferences } from "../ui/preferences";
import { Toasts } from "../ui/toast";
import { Banners } from "./banner";
import { Stage } from "./stage";
import { serverName } from "../ui/brand";

/** The view-only page. */
export function Watch({ session }: { session: Session }): JSX.Element {
  session.revision.value;
  const t = text.value;
  const { view } = session;
  useEffect(() => {
    document.title = `${view.topic || t.meeting.viewer} · ${serverName()}`;
  }, [view.topic]);
  return (
    <div class="meeting watch">
      <header class="meeting-top">
        <Mark size={30} />
        <div class="meeting-topic">
          <h1 class="clip">{view.topic}</h1>
          <span class="small muted">{t.meeting.viewer}</span>
        </div>
        <span class="grow" />
        {view.recording && (
          <span class="tag bad rec">
            <span class="rec-dot" aria-hidden="true" />
            {t.meeting.recording}
          </span>
        )}
        <Preferences />
        <Button
          size="small"
          icon="leave"
          label={t.meeting.leave}
          data-control="leave"
          onClick={() => void session.leave()}
        />
      </header>
      <Banners session={session} />
      <main id="main" tabIndex={-1} class="meeting-main">
        <Stage session={session} watch />
      </main>
      <Toasts />
    </div>
  );
}
