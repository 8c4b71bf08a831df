// What is asked before something is done to a meeting: whom to invite, why it is called off, who
// gets it.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Answer, type Meeting } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice } from "../ui/controls";
import { copyWords } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { toast } from "../ui/toast";

/** The invitation, to read and to copy; and to be sent, where the server sends mail. */
export function InvitationDialog({
  words,
  meeting = null,
  onClose,
}: {
  words: string;
  meeting?: Meeting | null;
  onClose: () => void;
}): JSX.Element {
  const t = text.value;
  return (
    <Dialog
      title={t.start.invitationTitle}
      onClose={onClose}
      footer={
        <Button
          kind="primary"
          icon="copy"
          autofocus
          onClick={() => void copyWords(words).then((done) => done && onClose())}
        >
          {t.start.invitation}
        </Button>
      }
    >
      <p class="muted">{t.start.invitationLead}</p>
      <pre class="invitation" tabIndex={0}>
        {words}
      </pre>
      {meeting && <Send meeting={meeting} />}
    </Dialog>
  );
}

function Send({ meeting }: { meeting: Meeting }): JSX.Element {
  const t = text.value.schedule;
  const [people, setPeople] = useState("");
  const [invited, setInvited] = useState(meeting.invited ?? []);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const list = people.split(/[\s,;]+/).filter(Boolean);
    const answer = await api.invite(meeting.id, list);
    setBusy(false);
    if (!answer.ok) return setRefusal(answer.refusal);
    setInvited(answer.value.invited);
    setPeople("");
    toast(t.sent);
  };
  return (
    <form class="stack tight" onSubmit={(e) => void send(e)}>
      <div class="with-button">
        <Field
          label={t.people}
          value={people}
          onValue={setPeople}
          placeholder="ann@example.org, bob@example.org"
          autocomplete="off"
          hint={t.peopleHint}
        />
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit icon="send" busy={busy} disabled={people.trim() === ""}>
        {t.send}
      </Button>
      {invited.length > 0 && <p class="small muted">{t.invited(invited.join(", "))}</p>}
    </form>
  );
}

type Deed = { meeting: Meeting; onClose: () => void; onDone: () => void };

/** Calls a meeting off, with a reason for those who were invited. */
export function CancelDialog({ meeting, onClose, onDone }: Deed): JSX.Element {
  const t = text.value.schedule;
  const [reason, setReason] = useState("");
  return (
    <Ask
      title={t.cancelTitle(meeting.topic)}
      lead={t.cancelLead}
      label={t.reason}
      value={reason}
      onValue={setReason}
      yes={t.cancelYes}
      bad
      deed={() => api.cancel(meeting.id, reason.trim() || null)}
      onClose={onClose}
      onDone={() => {
        toast(t.cancelledDone(meeting.topic));
        onDone();
      }}
    />
  );
}

/** Gives a meeting to another host. */
export function TransferDialog({ meeting, onClose, onDone }: Deed): JSX.Element {
  const t = text.value.schedule;
  const [to, setTo] = useState("");
  return (
    <Ask
      title={t.transferTitle(meeting.topic)}
      lead={t.transferLead}
      label={t.transferTo}
      type="email"
      value={to}
      onValue={setTo}
      required
      yes={t.transferYes}
      deed={() => api.transfer(meeting.id, to.trim())}
      onClose={onClose}
      onDone={() => {
        toast(t.transferDone(meeting.topic, to.trim()));
        onDone();
      }}
    />
  );
}

function Ask(props: {
  title: string;
  lead: string;
  label: string;
  type?: "text" | "email";
  value: string;
  onValue: (value: string) => void;
  required?: boolean;
  yes: string;
  bad?: boolean;
  deed: () => Promise<Answer<unknown>>;
  onClose: () => void;
  onDone: () => void;
}): JSX.Element {
  const t = text.value.schedule;
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const answer = await props.deed();
    setBusy(false);
    if (answer.ok) props.onDone();
    else setRefusal(answer.refusal);
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form class="stack" onSubmit={(e) => void send(e)}>
        <p class="muted">{props.lead}</p>
        <Field
          label={props.label}
          type={props.type ?? "text"}
          value={props.value}
          onValue={props.onValue}
          required={props.required ?? false}
          maxLength={254}
          autocomplete="off"
          focused
        />
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        <div class="row end">
          <Button kind="quiet" onClick={props.onClose}>
            {t.keep}
          </Button>
          <Button submit kind={props.bad ? "danger" : "primary"} busy={busy}>
            {props.yes}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
