// Tries whether somebody outside lets a person in, and shows how that came about.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence } from "../../i18n";
import { Button, Field, Notice, PasswordField } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { calls, type Verdict } from "../calls";
import { words } from "../words";
import type { Tried } from "./integration";

/** The dialog. */
export function TryDialog(props: { tried: Tried; onClose: () => void }): JSX.Element {
  const t = words.value.settings;
  const { via, server } = props.tried;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const answer = await calls.trySignIn({ via, server, name, password: password || null });
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    setVerdict(answer.ok ? answer.value : null);
  };
  return (
    <Dialog title={t.tryTitle(server)} onClose={props.onClose} wide>
      <form class="stack" onSubmit={(e) => void send(e)}>
        <p class="muted">{t.tryLead}</p>
        <Field
          label={t.tryName}
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
          {...(via === "ldap" ? { hint: t.tryPasswordHint } : {})}
          value={password}
          onValue={setPassword}
          autocomplete="off"
          required={via === "callback"}
        />
        <div>
          <Button submit kind="primary" busy={busy}>
            {t.try}
          </Button>
        </div>
      </form>
      <div class="stack verdict" role="status">
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        {verdict && <Told verdict={verdict} />}
      </div>
    </Dialog>
  );
}

function Told({ verdict }: { verdict: Verdict }): JSX.Element {
  const t = words.value.settings;
  const tones = { allowed: {}, denied: { tone: "warm" }, failed: { tone: "bad" } } as const;
  return (
    <>
      <Notice {...tones[verdict.outcome]} icon={verdict.outcome === "allowed" ? "check" : "warn"}>
        <b class="block">{t.outcome[verdict.outcome]}</b>
        {verdict.said}
      </Notice>
      <h3>{t.steps}</h3>
      <ol class="steps">
        {verdict.steps.map((step, at) => (
          <li key={at}>
            <b>{step.what}</b> <span class="muted small">{(step.micros / 1000).toFixed(1)} ms</span>
            <span class="block">{step.detail}</span>
          </li>
        ))}
      </ol>
      {verdict.profile.length > 0 && (
        <>
          <h3>{t.said}</h3>
          <dl class="pairs">
            {verdict.profile.map(({ name, value }) => [
              <dt key={name}>{name}</dt>,
              <dd key={`${name}-value`}>{value}</dd>,
            ])}
          </dl>
        </>
      )}
    </>
  );
}
