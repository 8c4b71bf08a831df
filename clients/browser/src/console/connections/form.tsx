// A connection to another server as a form: filled in, tried, saved with a reason.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence, text } from "../../i18n";
import { Button, Field, Notice, PasswordField, Switch } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { toast } from "../../ui/toast";
import { calls, type Connection, type Kind } from "../calls";
import { words } from "../words";
import { fieldsOf, settingsOf, typedOf } from "./fields";
import { Input } from "./input";
import { Tryer } from "./tryer";

type Props = {
  kind: Kind;
  /** The one that is changed; nothing for a new one. */
  of: Connection | null;
  onSaved: (name: string, drawn: string | null) => void;
  onClose: () => void;
};

/** Kinds that have a password to type. */
const typedSecret = (kind: Kind, dialect: unknown): kind is "ldap" | "mail" | "bridge" =>
  kind === "ldap" || kind === "mail" || (kind === "bridge" && dialect === "twilio");

/** The dialog. */
export function ConnectionForm({ kind, of, onSaved, onClose }: Props): JSX.Element {
  const t = words.value.connections;
  const before = of?.settings ?? {};
  const [name, setName] = useState(of?.name ?? (kind === "mail" ? "mail" : "main"));
  const [typed, setTyped] = useState(typedOf(kind, before));
  const [secret, setSecret] = useState("");
  const [draw, setDraw] = useState(kind === "bridge" && of === null);
  const [more, setMore] = useState(false);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // What is wrong is shown and read where it was typed.
    if (refusal?.field) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [refusal]);
  const shown = fieldsOf[kind].filter(({ when }) => !when || typed[when[0]] === when[1]);
  const known = ["name", "secret", ...shown.map((field) => field.name)];
  const wrong = (field: string) =>
    refusal?.field === field ? refusalSentence({ ...refusal, code: "" }) : undefined;
  const told = (next: Refusal | null) => {
    setRefusal(next);
    if (shown.some((field) => field.rare && field.name === next?.field)) setMore(true);
  };
  const settings = () => settingsOf(kind, typed, before);
  const hasSecret = typedSecret(kind, typed.dialect);
  const drawing = kind === "bridge" && !hasSecret && draw;
  const save = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const asked = {
      settings: settings(),
      secret: hasSecret ? secret || null : null,
      draw_secret: drawing,
      reason: reason.trim(),
    };
    const answer = await calls.setConnection(kind, name.trim(), asked);
    setBusy(false);
    told(answer.ok ? null : answer.refusal);
    if (!answer.ok) return;
    toast(t.saved);
    onSaved(name.trim(), answer.value.secret ?? null);
  };
  const input = (field: (typeof shown)[number]) => (
    <Input
      key={field.name}
      kind={kind}
      of={field}
      value={typed[field.name] ?? ""}
      onValue={(value) => setTyped({ ...typed, [field.name]: value })}
      wrong={wrong(field.name)}
    />
  );
  const rare = shown.filter((field) => field.rare);
  const title = of ? t.changeName(of.name) : t.kinds[kind].fresh;
  return (
    <Dialog title={title} onClose={onClose} wide>
      <div class="stack" ref={form}>
        {of === null && kind !== "mail" && (
          <Field
            label={t.name}
            hint={t.nameHint}
            wrong={wrong("name")}
            value={name}
            onValue={setName}
            maxLength={40}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            required
          />
        )}
        {shown.filter((field) => !field.rare).map(input)}
        {hasSecret && (
          <PasswordField
            label={t.secret[kind][0] ?? ""}
            hint={of?.has_secret ? t.secretKept : t.secret[kind][1]}
            wrong={wrong("secret")}
            value={secret}
            onValue={setSecret}
            autocomplete="new-password"
          />
        )}
        {kind === "bridge" && !hasSecret && of !== null && (
          <div class="field">
            <Switch on={draw} onChange={setDraw}>
              {t.drawSecret}
            </Switch>
            <p class="hint">{t.drawHint}</p>
            {wrong("secret") && <p class="wrong">{wrong("secret")}</p>}
          </div>
        )}
        {rare.length > 0 && !more && (
          <div>
            <Button kind="quiet" size="small" icon="plus" onClick={() => setMore(true)}>
              {t.more}
            </Button>
          </div>
        )}
        {more && rare.map(input)}
      </div>
      {kind !== "bridge" && (
        <Tryer kind={kind} name={name.trim()} form={{ settings, secret }} onRefused={told} />
      )}
      <form class="stack" onSubmit={(e) => void save(e)}>
        <Field
          label={words.value.reason}
          hint={words.value.reasonHint}
          value={reason}
          onValue={setReason}
          maxLength={300}
          autocomplete="off"
          required
        />
        {refusal && !(refusal.field && known.includes(refusal.field)) && (
          <Notice tone="bad">{refusalSentence(refusal)}</Notice>
        )}
        <div class="row wrap dialog-ends">
          <Button onClick={onClose}>{text.value.ui.cancel}</Button>
          <Button submit kind="primary" busy={busy}>
            {t.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
