// Signing in with e-mail and password.
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
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const t = text.value.home;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const answer = await api.signIn(email.trim(), password);
    setBusy(false);
    if (answer.ok) onDone(answer.value);
    else setRefusal(answer.refusal);
  };
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
    </form>
  );
}
