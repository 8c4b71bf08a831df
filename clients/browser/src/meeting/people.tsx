// The people panel: who waits, who is here, and what a host can do.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { text } from "../i18n";
import { command } from "../model/command";
import type { Session } from "../session/session";
import { Avatar, Button } from "../ui/controls";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { isHeard, members, type Member } from "./people_view";

const rows_max = 150;
const search_from = 10;

type Props = { session: Session; isHost: boolean; onWrite: (who: number) => void };

/** The list of people. */
export function People({ session, isHost, onWrite }: Props): JSX.Element {
  session.revision.value;
  const t = text.value.people;
  const [search, setSearch] = useState("");
  const [removing, setRemoving] = useState<Member | null>(null);
  const all = members(session.view, session.me.value);
  const wanted = search.trim().toLowerCase();
  const found = all
    .filter((m) => wanted === "" || m.name.toLowerCase().includes(wanted))
    .sort(
      (a, b) =>
        Number(b.isMe) - Number(a.isMe) || order(a) - order(b) || a.name.localeCompare(b.name),
    );
  const lobby = [...session.view.lobby];
  return (
    <div class="people">
      {isHost && lobby.length > 0 && (
        <section aria-labelledby="lobby-title" class="people-lobby">
          <div class="row">
            <h3 id="lobby-title" class="grow">
              {t.waiting} · {lobby.length}
            </h3>
            {lobby.length > 1 && (
              <Button
                size="small"
                kind="soft"
                onClick={() => lobby.forEach(([id]) => void session.wish(command.admit(id)))}
              >
                {t.admitAll}
              </Button>
            )}
          </div>
          <ul>
            {lobby.map(([id, waiting]) => (
              <li key={id} class="person">
                <Avatar name={waiting.name} number={id} />
                <span class="grow clip">{waiting.name}</span>
                <Button
                  size="small"
                  kind="quiet"
                  aria-label={`${t.deny}: ${waiting.name}`}
                  onClick={() => void session.wish(command.deny(id))}
                >
                  {t.deny}
                </Button>
                <Button
                  size="small"
                  kind="primary"
                  aria-label={`${t.admit}: ${waiting.name}`}
                  onClick={() => void session.wish(command.admit(id))}
                >
                  {t.admit}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="here-title" class="people-here">
        <h3 id="here-title">
          {t.here} · {all.length}
        </h3>
        {all.length >= search_from && (
          <label class="search">
            <Icon name="search" />
            <span class="sr">{t.search}</span>
            <input
              class="input"
              type="search"
              value={search}
              placeholder={t.search}
              onInput={(e) => setSearch(e.currentTarget.value)}
            />
          </label>
        )}
        <ul>
          {found.slice(0, rows_max).map((member) => (
            <Row
              key={member.id}
              session={session}
              member={member}
              isHost={isHost}
              onWrite={onWrite}
              onRemove={setRemoving}
            />
          ))}
        </ul>
        {found.length === 0 && <p class="muted small">{t.none}</p>}
        {found.length > rows_max && <p class="muted small">{t.more(found.length - rows_max)}</p>}
      </section>
      {removing && (
        <Dialog
          title={text.value.confirm.removeTitle(removing.name)}
          onClose={() => setRemoving(null)}
          footer={
            <>
              <Button onClick={() => setRemoving(null)}>{text.value.ui.cancel}</Button>
              <Button
                kind="danger"
                onClick={() => {
                  void session.wish(command.remove(removing.id));
                  setRemoving(null);
                }}
              >
                {text.value.confirm.remove}
              </Button>
            </>
          }
        >
          <p class="muted">{text.value.confirm.removeLead}</p>
        </Dialog>
      )}
    </div>
  );
}

/** Hands first, in the order they went up; then hosts and the presenter. */
function order(member: Member): number {
  if (member.hand > 0) return -1e12 + member.hand;
  return member.role === "host" ? 0 : member.presents ? 1 : 2;
}

type RowProps = {
  session: Session;
  member: Member;
  isHost: boolean;
  onWrite: (who: number) => void;
  onRemove: (member: Member) => void;
};

function Row({ session, member, isHost, onWrite, onRemove }: RowProps): JSX.Element {
  const t = text.value;
  const heard = isHeard(member);
  const roles = [
    member.role === "host" ? t.meeting.host : member.role === "viewer" ? t.meeting.viewer : "",
    member.presents ? t.meeting.presenter : "",
  ].filter(Boolean);
  return (
    <li class={`person ${member.away ? "away" : ""}`} data-participant={member.id}>
      <Avatar name={member.name} number={member.id} />
      <div class="grow person-words">
        <span class="clip block">
          {member.name}
          {member.isMe ? ` ${t.meeting.youSuffix}` : ""}
        </span>
        {roles.length > 0 && <span class="small muted">{roles.join(" · ")}</span>}
      </div>
      {member.hand > 0 && (
        <span class="mark-hand" title={t.meeting.handUp}>
          <Icon name="hand" />
          <span class="sr">{t.meeting.handUp}</span>
        </span>
      )}
      {member.away && (
        <span class="mark" title={t.connection.lost}>
          <Icon name="wifiOff" />
        </span>
      )}
      {member.telephone && (
        <span class="mark" title={t.meeting.telephone}>
          <Icon name="phone" />
          <span class="sr">{t.meeting.telephone}</span>
        </span>
      )}
      {member.camera && (
        <span class="mark">
          <Icon name="camera" />
          <span class="sr">{t.meeting.camera}</span>
        </span>
      )}
      {member.role !== "viewer" && (
        <span class={`mark ${heard ? "" : "dim"}`} title={heard ? t.meeting.mic : t.meeting.muted}>
          <Icon name={heard ? "mic" : "micOff"} />
          <span class="sr">{heard ? t.meeting.mic : t.meeting.muted}</span>
        </span>
      )}
      <Actions
        session={session}
        member={member}
        isHost={isHost}
        onWrite={onWrite}
        onRemove={onRemove}
      />
    </li>
  );
}

function Actions({ session, member, isHost, onWrite, onRemove }: RowProps): JSX.Element | null {
  const t = text.value.people;
  const items: MenuItem[] = [];
  const wish = (wanted: unknown) => () => void session.wish(wanted);
  const iPresent = session.view.presenter === session.me.value;
  // Whoever listens by telephone neither reads nor shows.
  const reads = !member.isMe && !member.telephone;
  if (reads) items.push({ icon: "chat", label: t.writeTo, act: () => onWrite(member.id) });
  if (isHost && member.isMe && !member.presents)
    items.push({ icon: "presenter", label: t.takePresenter, act: wish(command.takePresenter()) });
  if (!member.isMe && member.role !== "viewer") {
    if (reads && (isHost || iPresent) && !member.presents)
      items.push({
        icon: "presenter",
        label: t.givePresenter,
        act: wish(command.givePresenter(member.id)),
      });
    if (isHost && member.presents)
      items.push({ icon: "presenter", label: t.takePresenter, act: wish(command.takePresenter()) });
    if (isHost && member.hand > 0)
      items.push({ icon: "hand", label: t.lowerHand, act: wish(command.lowerOf(member.id)) });
    if (isHost && member.muted)
      items.push({ icon: "mic", label: t.allow, act: wish(command.unmute(member.id)) });
    else if (isHost)
      items.push({ icon: "micOff", label: t.mute, act: wish(command.mute(member.id)) });
    if (isHost && reads && member.silenced)
      items.push({ icon: "chat", label: t.allowChat, act: wish(command.unsilence(member.id)) });
    else if (isHost && reads)
      items.push({ icon: "chat", label: t.pauseChat, act: wish(command.silence(member.id)) });
  }
  if (isHost && !member.isMe)
    items.push(null, { icon: "remove", label: t.remove, bad: true, act: () => onRemove(member) });
  if (items.length === 0) return <span class="menu-gap" aria-hidden="true" />;
  return (
    <Menu class="btn quiet icon small" label={t.actions(member.name)} items={items}>
      <Icon name="more" />
    </Menu>
  );
}
