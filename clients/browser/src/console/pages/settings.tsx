// What the pages with settings have in common: reading them, and saving one part.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence, text } from "../../i18n";
import { Button, Field, Notice } from "../../ui/controls";
import { toast } from "../../ui/toast";
import { calls, type Configured } from "../calls";
import { mayChange } from "../may";
import { words } from "../words";

/** Shows a page once the settings are read. */
export function WithSettings(props: {
  lead: string;
  show: (read: Configured, again: () => void) => ComponentChildren;
}): JSX.Element {
  const [read, setRead] = useState<Configured | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const again = () =>
    void calls.settings().then((answer) => {
      setRefusal(answer.ok ? null : answer.refusal);
      if (answer.ok) setRead(answer.value);
    });
  useEffect(again, []);
  return (
    <>
      <p class="muted">{props.lead}</p>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {!read && !refusal && (
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      )}
      {read && props.show(read, again)}
    </>
  );
}

/** A card of a settings page. */
export function Part(props: {
  id: string;
  title: string;
  lead?: string;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="card stack" aria-labelledby={props.id}>
      <h2 id={props.id}>{props.title}</h2>
      {props.lead && <p class="muted">{props.lead}</p>}
      {props.children}
    </section>
  );
}

/** A form that saves one part of the settings, with a reason for who wants to give one. */
export function PartForm(props: {
  id: string;
  title: string;
  lead?: string;
  /** The part as it is to be. */
  part: () => Record<string, unknown>;
  onSaved: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const t = words.value;
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const save = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const answer = await calls.setPart(props.part(), reason.trim());
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    if (!answer.ok) return;
    setReason("");
    toast(t.saved);
    props.onSaved();
  };
  return (
    <Part id={props.id} title={props.title} {...(props.lead ? { lead: props.lead } : {})}>
      <form class="stack" onSubmit={(e) => void save(e)}>
        {props.children}
        <Field
          label={t.reason}
          hint={t.reasonHint}
          value={reason}
          onValue={setReason}
          maxLength={300}
          autocomplete="off"
        />
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        {mayChange.value && (
          <div>
            <Button submit kind="primary" busy={busy}>
              {t.save}
            </Button>
          </div>
        )}
      </form>
    </Part>
  );
}

/** Several lines of text with their label. */
export function Lines(props: {
  id: string;
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  value: string;
  onValue: (value: string) => void;
  rows?: number;
}): JSX.Element {
  return (
    <div class="field">
      <label for={props.id}>{props.label}</label>
      <textarea
        id={props.id}
        class="area"
        rows={props.rows ?? 3}
        value={props.value}
        spellcheck={false}
        aria-invalid={props.wrong ? "true" : undefined}
        aria-describedby={
          [props.hint ? `${props.id}-hint` : "", props.wrong ? `${props.id}-wrong` : ""]
            .filter(Boolean)
            .join(" ") || undefined
        }
        onInput={(e) => props.onValue(e.currentTarget.value)}
      />
      {props.hint && (
        <p class="hint" id={`${props.id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.wrong && (
        <p class="wrong" id={`${props.id}-wrong`}>
          {props.wrong}
        </p>
      )}
    </div>
  );
}

/** The lines of a text that have something on them. */
export const linesOf = (typed: string): string[] =>
  typed
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
