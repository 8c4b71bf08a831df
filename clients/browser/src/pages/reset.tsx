// A new password for somebody who has lost theirs: ask for the link, or use it.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import { resetToken, type Boot, type Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice, PasswordField } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Mark } from "../ui/icons";
import { serverName } from "../ui/brand";

/** The page behind "forgot password" and behind the link. */
export function Reset({ boot }: { boot: Boot }): JSX.Element {
  const t = text.value.reset;
  const [dead, setDead] = useState<Refusal | null>(null);
  const uses = boot.resetToken !== undefined && dead === null;
  useEffect(() => {
    document.title = `${t.title} · ${serverName()}`;
  }, [t]);
  useEffect(() => {
    // A link opened where this page is open already only changes the fragment.
    const follow = () => resetToken(location.hash) && location.reload();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return (
    <Frame narrow>
      <div class="card lift stack">
        <Mark size={52} />
        <h1>{uses ? t.newTitle : t.title}</h1>
        {dead && <Notice tone="bad">{refusalSentence(dead)}</Notice>}
        {uses ? (
          <Use token={boot.resetToken ?? ""} onDead={setDead} />
        ) : (
          <Ask mail={boot.mail === true} />
        )}
      </div>
      <p class="centred small">
        <a href="/">{t.back}</a>
      </p>
    </Frame>
  );
}

function Ask({ mail }: { mail: boolean }): JSX.Element {
  const t = text.value.reset;
  const [email, setEmail] = useState("");
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (!mail) return <Notice icon="info">{t.noMail}</Notice>;
  if (sent) {
    return (
      <div role="status">
        <Notice icon="check">{t.sent}</Notice>
      </div>
    );
  }
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.askReset(email.trim());
    setBusy(false);
    if (answer.ok) setSent(true);
    else setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <p class="muted">{t.lead}</p>
      <Field
        label={text.value.home.email}
        value={email}
        onValue={setEmail}
        type="email"
        autocomplete="username"
        required
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit kind="primary" size="big" full busy={busy}>
        {t.ask}
      </Button>
    </form>
  );
}

type UseProps = { token: string; onDead: (refusal: Refusal) => void };

function Use({ token, onDead }: UseProps): JSX.Element {
  const t = text.value.reset;
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (done) {
    return (
      <div class="stack" role="status">
        <Notice icon="check">{t.done}</Notice>
        <a class="btn primary big full" href="/">
          {text.value.home.signIn}
        </a>
      </div>
    );
  }
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.useReset(token, password);
    setBusy(false);
    if (answer.ok) setDone(true);
    else if (answer.refusal.code === "link_invalid") onDead(answer.refusal);
    else setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <p class="muted">{t.newLead}</p>
      <PasswordField
        label={t.password}
        value={password}
        onValue={setPassword}
        autocomplete="new-password"
        hint={text.value.account.passwordHint}
        required
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit kind="primary" size="big" full busy={busy}>
        {t.set}
      </Button>
    </form>
  );
}
