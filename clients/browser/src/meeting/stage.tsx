// The stage: a shared screen with people beside it, or people alone.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { text } from "../i18n";
import type { Session } from "../session/session";
import { Button } from "../ui/controls";
import { Icon } from "../ui/icons";
import { bestGrid } from "./layout";
import { members, onStage, sharedScreen, type Member } from "./people_view";
import { Canvas, Tile } from "./tile";

const grid_max = 25;
const strip_max = 8;
const gap_px = 12;

/** The stage. `watch` is the viewer's: pictures only. */
export function Stage({
  session,
  watch,
  onInvite,
}: {
  session: Session;
  watch?: boolean;
  onInvite?: () => void;
}): JSX.Element {
  // Every change of the meeting may change the stage.
  session.revision.value;
  const me = session.me.value;
  const t = text.value.meeting;
  const screen = sharedScreen(session.view);
  const all = onStage(members(session.view, me));
  const shown = watch ? all.filter((m) => m.camera) : all;
  const owner = screen ? session.view.people.get(screen.track.owner) : undefined;
  const alone = !watch && session.view.people.size <= 1 && session.view.lobby.size === 0;
  return (
    <section class={`stage ${screen ? "with-screen" : ""}`} aria-label={t.stage}>
      {screen && (
        <figure class="screen">
          {screen.track.owner === me ? (
            <OwnScreen session={session} />
          ) : (
            <ScreenPicture session={session} id={screen.id} name={owner?.name ?? ""} />
          )}
          <figcaption class="screen-name">
            <Icon name="share" />
            {screen.track.owner === me ? t.youShare : t.sharing(owner?.name ?? "")}
          </figcaption>
        </figure>
      )}
      {screen ? (
        <Strip session={session} shown={shown} />
      ) : (
        shown.length > 0 && <Grid session={session} shown={shown} />
      )}
      {watch && !screen && shown.length === 0 && (
        <div class="stage-empty">
          <Icon name="eye" />
          <p>{t.viewerWaiting}</p>
        </div>
      )}
      {alone && (
        <div class="stage-alone card">
          <div class="grow">
            <b>{t.alone}</b>
            <p class="muted small">{t.aloneHint}</p>
          </div>
          {onInvite && (
            <Button kind="primary" icon="invite" onClick={onInvite}>
              {t.invite}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function ScreenPicture({
  session,
  id,
  name,
}: {
  session: Session;
  id: number;
  name: string;
}): JSX.Element | null {
  const picture = session.player.pictures.get(id);
  return picture ? <Canvas picture={picture} label={text.value.meeting.sharing(name)} /> : null;
}

function OwnScreen({ session }: { session: Session }): JSX.Element {
  const t = text.value.meeting;
  return (
    <div class="own-screen">
      <span class="point-icon big">
        <Icon name="share" />
      </span>
      <h2>{t.youShare}</h2>
      <p class="muted">{t.youShareHint}</p>
      <Button kind="danger" icon="stop" onClick={() => session.local.off("screen")}>
        {t.stopShare}
      </Button>
    </div>
  );
}

function Strip({ session, shown }: { session: Session; shown: Member[] }): JSX.Element {
  return (
    <ul class="strip">
      {shown.slice(0, strip_max).map((member) => (
        <Tile key={member.id} session={session} member={member} />
      ))}
      {shown.length > strip_max && <More count={shown.length - strip_max} />}
    </ul>
  );
}

function Grid({ session, shown }: { session: Session; shown: Member[] }): JSX.Element {
  const ref = useRef<HTMLUListElement>(null);
  const [space, setSpace] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const watch = new ResizeObserver(([entry]) => {
      const box = entry?.contentRect;
      if (box) setSpace({ width: box.width, height: box.height });
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const tiles = shown.slice(0, grid_max);
  const { tile } = bestGrid(tiles.length, space.width, space.height, gap_px);
  return (
    <ul class="grid" ref={ref} style={{ "--tile-w": `${tile}px` }}>
      {tiles.map((member) => (
        <Tile key={member.id} session={session} member={member} />
      ))}
      {shown.length > grid_max && <More count={shown.length - grid_max} />}
    </ul>
  );
}

function More({ count }: { count: number }): JSX.Element {
  return <li class="stage-more">{text.value.meeting.othersHere(count)}</li>;
}
