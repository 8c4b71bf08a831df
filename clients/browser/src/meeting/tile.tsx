// One person on the stage: camera or initials, name, and the marks of what they do.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { text } from "../i18n";
import type { Picture } from "../media/player";
import type { Session } from "../session/session";
import { Avatar, hue } from "../ui/controls";
import { Icon } from "../ui/icons";
import { isHeard, type Member } from "./people_view";

const speaking_rms = 0.015;

/** Whether this person is speaking at this moment. */
export function isSpeaking(session: Session, member: Member): boolean {
  if (!isHeard(member)) return false;
  const level = member.isMe
    ? session.local.level.value
    : (session.player.levels.value[member.microphone?.id ?? 0] ?? 0);
  return level > speaking_rms;
}

/** The canvas of a track, wherever it is shown at this moment. */
export function Canvas({
  picture,
  label,
  fill,
}: {
  picture: Picture;
  label: string;
  fill?: boolean;
}): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const canvas = picture.canvas;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    if (canvas.parentElement !== ref.current) ref.current?.append(canvas);
  }, [picture, label]);
  useEffect(() => picture.shown(), [picture]);
  const t = text.value.meeting;
  return (
    <div class={`picture ${fill ? "fill" : ""}`} ref={ref}>
      {picture.unsupported.value ? (
        <p class="picture-note">{t.cannotDecode("")}</p>
      ) : (
        picture.size.value === null && (
          <p class="picture-note">
            <span class="spin" aria-hidden="true" />
            <span class="picture-words">{t.waitingPicture}</span>
          </p>
        )
      )}
    </div>
  );
}

/** The person's own camera, as in a mirror. */
export function Mirror({ stream }: { stream: MediaStream }): JSX.Element {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.srcObject = stream;
  }, [stream]);
  return <video ref={ref} class="mirror" autoplay muted playsInline aria-hidden="true" />;
}

/** A tile. */
export function Tile({ session, member }: { session: Session; member: Member }): JSX.Element {
  const t = text.value.meeting;
  const speaking = isSpeaking(session, member);
  const own = member.isMe ? session.local.streams.camera.value : null;
  const picture =
    member.camera && !member.isMe ? session.player.pictures.get(member.camera.id) : undefined;
  const name = member.isMe ? `${member.name} ${t.youSuffix}` : member.name;
  const heard = isHeard(member);
  return (
    <li
      class={`tile ${hue(member.id)} ${speaking ? "speaking" : ""} ${member.away ? "away" : ""}`}
      data-participant={member.id}
    >
      {own ? (
        <Mirror stream={own} />
      ) : picture ? (
        <Canvas picture={picture} label={`${member.name}: ${t.camera}`} fill />
      ) : (
        <span class="tile-face">
          <Avatar name={member.name} number={member.id} big />
        </span>
      )}
      {member.hand > 0 && (
        <span class="tile-hand" title={t.handUp}>
          <Icon name="hand" />
          <span class="sr">{t.handUp}</span>
        </span>
      )}
      <span class="tile-name">
        {!heard && (
          <span class="mark-muted" title={t.muted}>
            <Icon name="micOff" />
            <span class="sr">{t.muted}</span>
          </span>
        )}
        {speaking && <span class="sr">{t.speaking}</span>}
        <span class="clip">{name}</span>
        {member.telephone && (
          <span title={t.telephone}>
            <Icon name="phone" />
            <span class="sr">{t.telephone}</span>
          </span>
        )}
        {member.away && <Icon name="wifiOff" />}
      </span>
    </li>
  );
}
