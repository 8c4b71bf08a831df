// The meeting page: head, stage, panel and controls, and the keys that move between them.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { text } from "../i18n";
import { command } from "../model/command";
import { showMeetingId } from "../model/id";
import { InvitationDialog } from "../schedule/dialogs";
import type { Session } from "../session/session";
import { Button } from "../ui/controls";
import { Icon, Mark } from "../ui/icons";
import { announce, toast, Toasts } from "../ui/toast";
import { Banners } from "./banner";
import { Chat, chatTo } from "./chat";
import { Controls, toggleMicrophone, toggleScreen, type DialogName, type Panel } from "./controls";
import { DetailsDialog, DevicesDialog, LeaveDialog, ShortcutsDialog } from "./dialogs";
import { People } from "./people";
import { canShare } from "../media/capture";
import { actionOf } from "./shortcuts";
import { Stage } from "./stage";
import { serverName } from "../ui/brand";

/** The meeting. */
export function Meeting({ session }: { session: Session }): JSX.Element {
  session.revision.value;
  const t = text.value;
  const { view } = session;
  const [panel, setPanel] = useState<Panel | null>(null);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const isHost = view.people.get(session.me.value)?.role === "host";
  const unread = useUnread(session, panel === "chat");
  const opener = useRef<HTMLElement | null>(null);
  useEffect(() => {
    document.title = `${view.topic || t.meeting.main} · ${serverName()}`;
  }, [view.topic]);
  const show = (next: Panel) => {
    if (panel === next) close();
    else {
      opener.current = document.activeElement as HTMLElement | null;
      setPanel(next);
    }
  };
  const close = () => {
    setPanel(null);
    opener.current?.focus();
  };
  useLayoutEffect(() => {
    const act = (event: KeyboardEvent) => {
      if (event.key === "Escape" && panel && !document.querySelector("dialog[open]"))
        return close();
      const action = actionOf(event);
      if (!action || dialog) return;
      event.preventDefault();
      const hand = (view.people.get(session.me.value)?.hand ?? 0) > 0;
      const acts = {
        mic: () => void toggleMicrophone(session),
        camera: () => void session.local.toggle("camera"),
        share: () => canShare() && void toggleScreen(session),
        hand: () => void session.wish(hand ? command.lower() : command.raise()),
        chat: () => show("chat"),
        people: () => show("people"),
        help: () => setDialog("shortcuts"),
      };
      acts[action]();
    };
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  });
  return (
    <div class={`meeting ${panel ? "with-panel" : ""}`}>
      <a class="skip" href="#main">
        {t.ui.skip}
      </a>
      <header class="meeting-top">
        <Mark size={30} />
        <div class="meeting-topic">
          <h1 class="clip">{view.topic}</h1>
          <span class="mono small muted">{showMeetingId(session.meeting)}</span>
        </div>
        <span class="grow" />
        {view.recording && (
          <span class="tag bad rec" title={t.meeting.recordingOn}>
            <span class="rec-dot" aria-hidden="true" />
            {t.meeting.recording}
          </span>
        )}
        {view.locked && (
          <span class="tag warm">
            <Icon name="lock" />
            {t.meeting.locked}
          </span>
        )}
        <span class="tag people-count" title={t.people.count(view.people.size)}>
          <Icon name="people" />
          {view.people.size}
        </span>
        <Button
          kind="soft"
          size="small"
          icon="invite"
          data-control="invite"
          onClick={() => setDialog("invite")}
        >
          <span class="btn-words">{t.meeting.invite}</span>
        </Button>
      </header>
      <Banners session={session} />
      <main id="main" tabIndex={-1} class="meeting-main">
        <Stage session={session} onInvite={() => setDialog("invite")} />
        {panel && (
          <SidePanel panel={panel} onPanel={setPanel} onClose={close}>
            {panel === "chat" ? (
              <Chat session={session} />
            ) : (
              <People
                session={session}
                isHost={isHost}
                onWrite={(who) => {
                  chatTo.value = { one: who };
                  setPanel("chat");
                }}
              />
            )}
          </SidePanel>
        )}
      </main>
      <Controls
        session={session}
        isHost={isHost}
        panel={panel}
        unread={unread}
        waiting={isHost ? view.lobby.size : 0}
        onPanel={show}
        onDialog={setDialog}
      />
      {dialog === "shortcuts" && <ShortcutsDialog onClose={() => setDialog(null)} />}
      {dialog === "details" && <DetailsDialog session={session} onClose={() => setDialog(null)} />}
      {dialog === "devices" && <DevicesDialog session={session} onClose={() => setDialog(null)} />}
      {dialog === "leave" && <LeaveDialog session={session} onClose={() => setDialog(null)} />}
      {dialog === "invite" && (
        <Invite session={session} isHost={isHost} onClose={() => setDialog(null)} />
      )}
      <Toasts />
    </div>
  );
}

function SidePanel(props: {
  panel: Panel;
  onPanel: (panel: Panel) => void;
  onClose: () => void;
  children: JSX.Element;
}): JSX.Element {
  const t = text.value;
  const title = props.panel === "chat" ? t.chat.title : t.people.title;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Focus follows: to the line to write in, or to the head of the list.
    const area = document.querySelector<HTMLElement>(".panel textarea");
    if (area && matchMedia("(hover: hover)").matches) area.focus();
    else head.current?.focus();
  }, [props.panel]);
  return (
    <aside class="panel" aria-label={title}>
      <header>
        <h2 ref={head} tabIndex={-1}>
          {title}
        </h2>
        <Button kind="quiet" size="small" icon="close" label={t.ui.close} onClick={props.onClose} />
      </header>
      {props.children}
    </aside>
  );
}

/** Counts what came while the chat was closed, and speaks it. */
function useUnread(session: Session, open: boolean): number {
  const last = session.view.chat.at(-1);
  const [seen, setSeen] = useState(last?.seq ?? 0);
  useEffect(() => {
    if (open) setSeen(last?.seq ?? 0);
    else if (last && last.seq > seen && last.from !== session.me.value)
      announce(text.value.chat.spoken(last.name, last.text));
  }, [last?.seq, open]);
  if (open) return 0;
  return session.view.chat.filter((line) => line.seq > seen && line.from !== session.me.value)
    .length;
}

function Invite({
  session,
  isHost,
  onClose,
}: {
  session: Session;
  isHost: boolean;
  onClose: () => void;
}): JSX.Element | null {
  const [words, setWords] = useState<string | null>(null);
  useEffect(() => {
    const t = text.value;
    const plain = [
      session.view.topic,
      `${t.home.meetingId}: ${showMeetingId(session.meeting)}`,
      `${location.origin}/join?id=${session.meeting}`,
    ].join("\n");
    if (!isHost) return setWords(plain);
    void api.meetings().then((answer) => {
      const found = answer.ok
        ? answer.value.find((meeting) => meeting.id === session.meeting)
        : undefined;
      setWords(found?.invitation ?? plain);
      if (!answer.ok && answer.refusal.code === "offline") toast(t.errors.offline, true);
    });
  }, []);
  return words === null ? null : <InvitationDialog words={words} onClose={onClose} />;
}
