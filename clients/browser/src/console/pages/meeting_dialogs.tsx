// What an administrator does about one meeting, each in a dialog of its own.
import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence, text, timeOfDay } from "../../i18n";
import { Field, Notice } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { calls, type Look, type Meeting } from "../calls";
import { Confirm } from "../confirm";
import { words } from "../words";

/** What is done. */
export type Deed =
  "look" | "lock" | "unlock" | "message" | "end" | "cancel" | "restore" | "transfer";

type Props = {
  deed: Deed;
  meeting: Meeting;
  onDone: (words: string) => void;
  onClose: () => void;
};

/** The dialog of a deed. */
export function MeetingDialog(props: Props): JSX.Element {
  const { deed, meeting, onClose, onDone } = props;
  const t = words.value.meetings;
  const titled = (what: string) => `${what}: ${meeting.topic}`;
  switch (deed) {
    case "look":
      return <LookDialog meeting={meeting} onClose={onClose} />;
    case "message":
      return <MessageDialog {...props} />;
    case "transfer":
      return <TransferDialog {...props} />;
    case "lock":
    case "unlock": {
      const locks = deed === "lock";
      return (
        <Confirm
          title={titled(locks ? t.lock : t.unlock)}
          lead={locks ? t.isLocked : t.isUnlocked}
          go={locks ? t.lock : t.unlock}
          act={() => calls.lock(meeting.id, locks)}
          onDone={() => onDone(locks ? t.isLocked : t.isUnlocked)}
          onClose={onClose}
        />
      );
    }
    case "end":
      return (
        <Confirm
          title={titled(t.end)}
          lead={t.endLead}
          go={t.end}
          danger
          reason="needed"
          act={(reason) => calls.end(meeting.id, reason)}
          onDone={() => onDone(t.ended)}
          onClose={onClose}
        />
      );
    case "cancel":
      return (
        <Confirm
          title={titled(t.cancel)}
          lead={t.cancelLead}
          go={t.cancel}
          danger
          reason="needed"
          act={(reason) => calls.cancel(meeting.id, reason)}
          onDone={() => onDone(t.isCancelled)}
          onClose={onClose}
        />
      );
    case "restore":
      return (
        <Confirm
          title={titled(t.restore)}
          lead={t.restoreLead}
          go={t.restore}
          reason="welcome"
          act={(reason) => calls.restore(meeting.id, reason)}
          onDone={() => onDone(t.isRestored)}
          onClose={onClose}
        />
      );
  }
}

function TransferDialog({ meeting, onDone, onClose }: Props): JSX.Element {
  const t = words.value.meetings;
  const [to, setTo] = useState("");
  return (
    <Confirm
      title={`${t.transfer}: ${meeting.topic}`}
      lead={t.transferLead}
      go={t.transfer}
      reason="needed"
      act={(reason) => calls.transfer(meeting.id, to.trim(), reason)}
      onDone={() => onDone(t.isTransferred)}
      onClose={onClose}
    >
      <Field
        label={t.to}
        value={to}
        onValue={setTo}
        type="email"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        required
        focused
      />
    </Confirm>
  );
}

function MessageDialog({ meeting, onDone, onClose }: Props): JSX.Element {
  const t = words.value.meetings;
  const id = useId();
  const [said, setSaid] = useState("");
  return (
    <Confirm
      title={`${t.message}: ${meeting.topic}`}
      go={t.send}
      act={() => calls.message(meeting.id, said)}
      onDone={() => onDone(t.sent)}
      onClose={onClose}
    >
      <div class="field">
        <label for={id}>{t.messageText}</label>
        <textarea
          id={id}
          class="area"
          rows={4}
          value={said}
          maxLength={4000}
          required
          aria-describedby={`${id}-hint`}
          onInput={(e) => setSaid(e.currentTarget.value)}
        />
        <p class="hint" id={`${id}-hint`}>
          {t.messageHint}
        </p>
      </div>
    </Confirm>
  );
}

function LookDialog(props: { meeting: Meeting; onClose: () => void }): JSX.Element {
  const t = words.value.meetings;
  const [seen, setSeen] = useState<Look | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => {
    void calls.look(props.meeting.id).then((answer) => {
      if (answer.ok) setSeen(answer.value);
      else setRefusal(answer.refusal);
    });
  }, []);
  return (
    <Dialog title={`${t.lookTitle}: ${props.meeting.topic}`} onClose={props.onClose} wide>
      <div class="stack">
        <p class="muted">{t.lookLead}</p>
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        {!seen && !refusal && (
          <p class="row muted" role="status">
            <span class="spin" aria-hidden="true" />
            {text.value.ui.loading}
          </p>
        )}
        {seen && (
          <p class="tags">
            <span class="tag">{t.since(timeOfDay(seen.started_ms))}</span>
            <span class="tag">{seen.recording ? t.recorded : t.notRecorded}</span>
            <span class="tag">{t.messages(seen.messages)}</span>
            {seen.locked && <span class="tag warm">{t.locked}</span>}
          </p>
        )}
        {seen?.people.length === 0 && <p class="muted">{t.nobody}</p>}
        {seen && seen.people.length > 0 && (
          <ul class="meetings" aria-label={t.lookTitle}>
            {seen.people.map((person, at) => (
              <li key={at}>
                <b class="grow clip">{person.name}</b>
                <span class="small muted">{t.since(timeOfDay(person.since_ms))}</span>
                {person.away && <span class="tag">{t.away}</span>}
                {person.muted && <span class="tag">{t.muted}</span>}
                <span class="tag accent">{roleWord(person.role)}</span>
              </li>
            ))}
          </ul>
        )}
        {seen && seen.lobby.length > 0 && (
          <>
            <h3>{t.lobby}</h3>
            <ul class="meetings">
              {seen.lobby.map((person, at) => (
                <li key={at}>
                  <b class="grow clip">{person.name}</b>
                  <span class="small muted">{t.since(timeOfDay(person.since_ms))}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Dialog>
  );
}

const roleWord = (role: string): string =>
  (words.value.meetings.roles as Record<string, string>)[role] ?? role;
