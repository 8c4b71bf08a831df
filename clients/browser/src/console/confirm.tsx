// A dialog that does one thing, with a reason where something is taken from somebody.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice } from "../ui/controls";
import { Dialog } from "../ui/dialog";
import { words } from "./words";

type Props = {
  title: string;
  lead?: string | undefined;
  /** What the button says. */
  go: string;
  danger?: boolean;
  /** Whether a reason is asked for, and whether it has to be given. */
  reason?: "needed" | "welcome" | undefined;
  wide?: boolean;
  act: (reason: string) => Promise<Answer<unknown>>;
  onDone: () => void;
  onClose: () => void;
  children?: ComponentChildren;
};

/** The dialog. */
export function Confirm(props: Props): JSX.Element {
  const t = words.value;
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await props.act(reason.trim());
    setBusy(false);
    if (answer.ok) props.onDone();
    else setRefusal(answer.refusal);
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} wide={props.wide ?? false}>
      <form class="stack" onSubmit={(e) => void send(e)}>
        {props.lead && <p class="muted">{props.lead}</p>}
        {props.children}
        {props.reason && (
          <Field
            label={t.reason}
            hint={t.reasonHint}
            value={reason}
            onValue={setReason}
            maxLength={300}
            autocomplete="off"
            required={props.reason === "needed"}
          />
        )}
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        <div class="row wrap dialog-ends">
          <Button onClick={props.onClose}>{text.value.ui.cancel}</Button>
          <Button submit kind={props.danger ? "danger" : "primary"} busy={busy}>
            {props.go}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
