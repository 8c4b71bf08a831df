// The form that turns a meeting id, a name and a password into a place in a meeting.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import type { Boot, Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { formatTyped, parseMeetingId } from "../model/id";
import { Button, Field, Notice, PasswordField } from "../ui/controls";
import { recall, remember } from "../ui/memory";
import { enterMeeting } from "./enter";

const ask_again_ms = 8_000;

type Props = {
  boot: Boot;
  compact?: boolean;
  /** Something else on the page comes first. */
  quiet?: boolean;
};

/** The join form; compact has its password only after the id is complete. */
export function JoinForm({ boot, compact, quiet }: Props): JSX.Element {
  const [id, setId] = useState(formatTyped(boot.id ?? ""));
  const [name, setName] = useState(boot.name ?? recall("name") ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(boot.refusal ?? null);
  const [checked, setChecked] = useState(false);
  const t = text.value.join;
  const digits = parseMeetingId(id);
  // An invitation opens the door by itself, unless it was refused.
  const needsPassword = boot.invitation === undefined || refusal?.code === "cannot_join";
  const tryDoor = async (): Promise<Refusal | null> => {
    if (!digits) return null;
    const body: Parameters<typeof api.join>[0] = { id: digits, name: name.trim() };
    if (password !== "") body.password = password;
    if (boot.invitation) body.invitation = boot.invitation;
    if (boot.viewer) body.viewer = true;
    const answer = await api.join(body);
    if (answer.ok) {
      remember("name", name.trim());
      enterMeeting({
        id: digits,
        ticket: answer.value.ticket,
        name: name.trim(),
        viewer: boot.viewer === true,
        topic: answer.value.meeting?.topic,
        type: answer.value.meeting?.type,
      });
      return null;
    }
    return answer.refusal;
  };
  const send = async (e: Event) => {
    e.preventDefault();
    setChecked(true);
    if (!digits || name.trim() === "") return;
    setBusy(true);
    setRefusal(null);
    const refused = await tryDoor();
    setBusy(refused === null);
    setRefusal(refused);
  };
  // The host has not come yet: whoever waits here is let in as soon as the meeting starts.
  const waits = refusal?.code === "not_started" && digits !== null && name.trim() !== "";
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(
      () => void tryDoor().then((refused) => refused && setRefusal(refused)),
      ask_again_ms,
    );
    return () => clearInterval(timer);
  }, [waits, id, name, password]);
  return (
    <form class="stack" onSubmit={(e) => void send(e)} noValidate>
      {refusal && waits && (
        <Notice tone="warm" icon="clock">
          {refusalSentence(refusal)} {t.waits}
        </Notice>
      )}
      {refusal && !waits && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Field
        label={text.value.home.meetingId}
        value={id}
        onValue={(v) => setId(formatTyped(v))}
        class="id"
        inputMode="numeric"
        autocomplete="off"
        placeholder="0000-0000"
        hint={compact ? undefined : text.value.home.meetingIdHint}
        wrong={checked && !digits ? t.wrongId : undefined}
      />
      <Field
        label={t.name}
        value={name}
        onValue={setName}
        autocomplete="name"
        maxLength={64}
        hint={compact ? undefined : t.nameHint}
        wrong={checked && name.trim() === "" ? t.wrongName : undefined}
      />
      {needsPassword && (!compact || digits !== null || refusal !== null) && (
        <PasswordField
          label={t.password}
          value={password}
          onValue={setPassword}
          autocomplete="off"
          hint={t.passwordHint}
        />
      )}
      <Button submit kind={quiet ? "plain" : "primary"} size="big" full busy={busy}>
        {compact ? text.value.home.joinButton : t.go}
      </Button>
    </form>
  );
}
