// Tries a connection, as it is or as it was filled in, and shows step by step how that came about.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { locale, refusalSentence } from "../../i18n";
import { said } from "../../i18n/console/trial/zh";
import { Button, Field, Notice, PasswordField } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { calls, type Kind, type Verdict } from "../calls";
import { words } from "../words";

/** Kinds that can be tried from here. */
export type Triable = Exclude<Kind, "bridge">;

/** What was filled in. */
type Filled = { settings: () => Record<string, unknown>; secret: string };

/** A dialog that tries a connection as it is. */
export function TryDialog(props: {
  kind: Triable;
  name: string;
  onClose: () => void;
}): JSX.Element {
  return (
    <Dialog title={words.value.settings.tryTitle(props.name)} onClose={props.onClose} wide>
      <Tryer kind={props.kind} name={props.name} />
    </Dialog>
  );
}

/** The part of a dialog that tries. */
export function Tryer(props: {
  kind: Triable;
  name: string;
  form?: Filled;
  /** A refusal about a field of the form; nothing when there is none any more. */
  onRefused?: (refusal: Refusal | null) => void;
}): JSX.Element {
  const t = words.value.connections;
  const { kind, form } = props;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const asksPerson = kind === "callback" || kind === "ldap";
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const answer = await calls.tryConnection(kind, props.name || "main", {
      ...(form ? { settings: form.settings(), secret: form.secret || null } : {}),
      name,
      password: password || null,
    });
    setBusy(false);
    setVerdict(answer.ok ? answer.value : null);
    const no = answer.ok ? null : answer.refusal;
    setRefusal(no);
    props.onRefused?.(no?.field ? no : null);
  };
  return (
    <form class={form ? "stack trying" : "stack"} onSubmit={(e) => void send(e)}>
      {form && <h3>{t.tryTitle}</h3>}
      <p class="muted">{form ? t.tryLead : words.value.settings.tryLead}</p>
      {asksPerson && (
        <div class="form-halves">
          <Field
            label={t.tryPerson}
            value={name}
            onValue={setName}
            maxLength={320}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            required
          />
          <PasswordField
            label={t.tryPassword}
            {...(kind === "ldap" ? { hint: t.tryPasswordLdap } : {})}
            value={password}
            onValue={setPassword}
            autocomplete="off"
            required={kind === "callback"}
          />
        </div>
      )}
      <div>
        <Button submit kind={form ? "soft" : "primary"} busy={busy}>
          {t.tryGo[kind]}
        </Button>
      </div>
      <div class="stack verdict" role="status">
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        {verdict && <Told verdict={verdict} />}
      </div>
    </form>
  );
}

/** What a code says in this language; where it has no words for it, what the server says. */
function sentence(code: string | null, values: string[], english: string): string {
  const own = locale.value === "zh" && code !== null ? said[code] : undefined;
  return own ? own(...values) : english;
}

const word = (list: Record<string, string>, code: string): string => list[code] ?? code;

function Told({ verdict }: { verdict: Verdict }): JSX.Element {
  const t = words.value.settings;
  const tones = {
    allowed: {},
    answered: {},
    denied: { tone: "warm" },
    failed: { tone: "bad" },
  } as const;
  const good = verdict.outcome === "allowed" || verdict.outcome === "answered";
  return (
    <>
      <Notice {...tones[verdict.outcome]} icon={good ? "check" : "warn"}>
        <b class="block">{t.outcome[verdict.outcome]}</b>
        {sentence(verdict.code, verdict.values, verdict.said)}
      </Notice>
      <h3>{t.steps}</h3>
      <ol class="steps">
        {verdict.steps.map((step, at) => (
          <li key={at}>
            <b>{word(t.stepWords, step.what)}</b>{" "}
            <span class="muted small">{(step.micros / 1000).toFixed(1)} ms</span>
            <span class="block">{sentence(step.code, step.values, step.detail)}</span>
          </li>
        ))}
      </ol>
      {verdict.profile.length > 0 && (
        <>
          <h3>{t.said}</h3>
          <dl class="pairs">
            {verdict.profile.map(({ name, value }) => [
              <dt key={name}>{word(t.toldWords, name)}</dt>,
              <dd key={`${name}-value`}>{value}</dd>,
            ])}
          </dl>
        </>
      )}
    </>
  );
}
