// The way through a meeting page: preview, connecting, lobby, meeting, end.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Boot } from "../boot";
import { text } from "../i18n";
import { parseMeetingId } from "../model/id";
import { keptResume, readNote } from "../session/keep";
import { Session } from "../session/session";
import { Button } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Mark } from "../ui/icons";
import { expose } from "./hook";
import { Meeting } from "./meeting";
import { OverPage } from "./over";
import { Preview, type Choice } from "./preview";
import { Watch } from "./watch";
import "../styles/panel.css";
import "../styles/preview.css";
import "../styles/meeting.css";

/** Tickets live 60 s: whoever takes longer over the preview is connected behind it. */
const redeem_after_ms = 40_000;

/** The meeting page and the viewer page. */
export default function Room({ boot }: { boot: Boot }): JSX.Element | null {
  const meeting = boot.meeting?.id ?? (boot.id ? (parseMeetingId(boot.id) ?? "") : "");
  const note = readNote(meeting);
  const watch = boot.viewer === true || (!boot.ticket && note.viewer === true);
  const [session, setSession] = useState<Session | null>(null);
  const [choice, setChoice] = useState<Choice | null>(null);
  const made = useRef<Session | null>(null);
  const comesBack = boot.ticket === undefined && keptResume(meeting) !== null;
  const start = (): Session => {
    if (!made.current) {
      made.current = new Session(meeting, boot.ticket ? { ticket: boot.ticket } : {});
      expose(made.current);
      setSession(made.current);
    }
    return made.current;
  };
  useEffect(() => {
    if (!boot.ticket && !comesBack) {
      location.replace(meeting ? `/join?id=${meeting}` : "/");
      return;
    }
    if (watch || comesBack) {
      start();
      setChoice({ camera: null, microphone: null, cameraId: null, microphoneId: null });
      return;
    }
    const timer = setTimeout(start, redeem_after_ms);
    return () => clearTimeout(timer);
  }, []);
  if (session && session.phase.value.at === "over") {
    return (
      <OverPage
        over={session.phase.value.over}
        meeting={meeting}
        topic={session.view.topic || (boot.meeting?.topic ?? note.topic ?? "")}
        invitation={boot.invitation}
      />
    );
  }
  if (!choice && boot.ticket && !watch) {
    return (
      <Preview
        meeting={meeting}
        topic={boot.meeting?.topic ?? note.topic}
        name={boot.name ?? note.name ?? ""}
        host={boot.role === "host" || note.host === true}
        video={(boot.meeting?.type ?? note.type) === 4}
        connected={session?.phase.value.at === "live"}
        onJoin={(chosen) => {
          setChoice(chosen);
          const joined = start();
          joined.local.chosen.camera = chosen.cameraId;
          joined.local.chosen.microphone = chosen.microphoneId;
          // A click is a gesture: now the browser lets sound out.
          void joined.player.startSound();
        }}
      />
    );
  }
  if (!session || !choice) return null;
  return (
    <Inside
      session={session}
      choice={choice}
      watch={watch}
      topic={boot.meeting?.topic ?? note.topic ?? ""}
    />
  );
}

function Inside({
  session,
  choice,
  watch,
  topic,
}: {
  session: Session;
  choice: Choice;
  watch: boolean;
  topic: string;
}): JSX.Element {
  const at = session.phase.value.at;
  const handed = useRef(false);
  useEffect(() => {
    if (at !== "live" || handed.current) return;
    handed.current = true;
    if (watch) void session.player.startSound();
    if (choice.microphone) void session.local.on("microphone", choice.microphone);
    if (choice.camera) void session.local.on("camera", choice.camera);
  }, [at]);
  if (at === "live") {
    const role = session.view.people.get(session.me.value)?.role;
    return watch || role === "viewer" ? <Watch session={session} /> : <Meeting session={session} />;
  }
  return <Waiting session={session} lobby={at === "lobby"} topic={topic} />;
}

function Waiting({
  session,
  lobby,
  topic,
}: {
  session: Session;
  lobby: boolean;
  topic: string;
}): JSX.Element {
  const t = text.value;
  const lost = !session.link.value.ok;
  return (
    <Frame narrow>
      <div class="card lift centre stack" role="status" data-phase={lobby ? "lobby" : "connecting"}>
        <span class={lobby ? "calling" : ""}>
          <Mark size={64} />
        </span>
        {topic && (
          <p>
            <b>{topic}</b>
          </p>
        )}
        <h1>{lobby ? t.lobby.title : lost ? t.connection.lost : t.meeting.connecting}</h1>
        {lobby && <p class="muted">{t.lobby.lead}</p>}
        {lobby && <Button onClick={() => void session.leave()}>{t.lobby.leave}</Button>}
        {!lobby && <span class="spin" aria-hidden="true" />}
      </div>
    </Frame>
  );
}
