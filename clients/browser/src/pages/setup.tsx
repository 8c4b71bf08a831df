// The set-up page: the first administrator, once.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import type { Boot, Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice, PasswordField } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Mark } from "../ui/icons";
import { serverName } from "../ui/brand";

const password_chars_min = 15;

/** Makes the first administrator with the one-time token of the link. */
export function Setup({ boot }: { boot: Boot }): JSX.Element {
  const t = text.value.setup;
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [short, setShort] = useState(false);
  const [done, setDone] = useState(false);
  useEffect(() => {
    document.title = `${t.title} · ${serverName()}`;
  }, [t]);
  const send = async (e: Event) => {
    e.preventDefault();
    const tooShort = [...password].length < password_chars_min;
    setShort(tooShort);
    if (tooShort || !boot.setupToken) return;
    setBusy(true);
    setRefusal(null);
    const answer = await api.setup({
      token: boot.setupToken,
      email: email.trim(),
      name: name.trim(),
      password,
    });
    if (!answer.ok) {
      setBusy(false);
      setRefusal(answer.refusal);
      return;
    }
    setDone(true);
    location.assign("/");
  };
  return (
    <Frame narrow>
      <div class="card lift stack">
        <Mark size={52} />
        <div class="stack tight">
          <h1>{t.title}</h1>
          <p class="muted">{t.lead}</p>
        </div>
        {boot.setupToken === undefined ? (
          <Notice tone="bad">{t.noToken}</Notice>
        ) : (
          <form class="stack" onSubmit={(e) => void send(e)}>
            <Field
              label={t.name}
              value={name}
              onValue={setName}
              autocomplete="name"
              required
              maxLength={64}
            />
            <Field
              label={t.email}
              value={email}
              onValue={setEmail}
              type="email"
              autocomplete="username"
              required
            />
            <PasswordField
              label={t.password}
              value={password}
              onValue={setPassword}
              autocomplete="new-password"
              hint={t.passwordHint}
              required
            />
            {short && <Notice tone="bad">{t.tooShort}</Notice>}
            {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
            {done && <Notice icon="check">{t.done}</Notice>}
            <Button submit kind="primary" size="big" full busy={busy}>
              {t.go}
            </Button>
          </form>
        )}
      </div>
    </Frame>
  );
}
