// Signing in with e-mail and password, and with a code where the account asks for one.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice, PasswordField } from "../ui/controls";

type Props = {
  email: string;
  onDone: (account: Account) => void;
  quiet?: boolean;
  focusPassword?: boolean;
};

/** The sign-in form. */
export function SignIn({ email: first, onDone, quiet, focusPassword }: Props): JSX.Element {
  const [email, setEmail] = useState(first);
  const [password, setPassword] = useState("");
  const [half, setHalf] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const t = text.value.home;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.signIn(email.trim(), password);
    setBusy(false);
    if (!answer.ok) setRefusal(answer.refusal);
    else if ("half" in answer.value) setHalf(answer.value.half);
    else onDone(answer.value);
  };
  const again = (refused: Refusal | null) => {
    setHalf(null);
    setPassword("");
    setRefusal(refused);
  };
  if (half !== null) return <CodeForm half={half} onDone={onDone} onAgain={again} quiet={quiet} />;
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <Field
        label={t.email}
        value={email}
        onValue={setEmail}
        type="text"
        inputMode="email"
        autocomplete="username"
        autocapitalize="off"
        spellcheck={false}
        required
      />
      <PasswordField
        label={t.password}
        value={password}
        onValue={setPassword}
        autocomplete="current-password"
        required
        autofocus={focusPassword}
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit kind={quiet ? "plain" : "primary"} size="big" full busy={busy}>
        {t.signIn}
      </Button>
      <p class="centred small">
        <a href="/reset">{t.forgot}</a>
      </p>
    </form>
  );
}

type CodeProps = {
  half: string;
  onDone: (account: Account) => void;
  onAgain: (refusal: Refusal | null) => void;
  quiet?: boolean | undefined;
};

function CodeForm({ half, onDone, onAgain, quiet }: CodeProps): JSX.Element {
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const t = text.value.home;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.signInCode(half, code);
    setBusy(false);
    if (answer.ok) return onDone(answer.value);
    // The half is used up or too old: the password is asked for again.
    if (answer.refusal.code === "sign_in_needed") return onAgain(answer.refusal);
    setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <Field
        label={t.code}
        hint={t.codeHint}
        value={code}
        onValue={setCode}
        class="id"
        autocomplete="one-time-code"
        autocapitalize="off"
        spellcheck={false}
        maxLength={32}
        required
        focused
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit kind={quiet ? "plain" : "primary"} size="big" full busy={busy}>
        {t.signIn}
      </Button>
      <Button kind="quiet" size="small" onClick={() => onAgain(null)}>
        {t.otherAccount}
      </Button>
    </form>
  );
}
