// Changing the password: the old one, the new one, and what happens to other browsers.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Notice, PasswordField } from "../ui/controls";
import { toast } from "../ui/toast";

type Props = { account: Account; onDone: () => void };

/** The password form. */
export function Password({ account, onDone }: Props): JSX.Element {
  const t = text.value.account;
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.changePassword(old, next);
    setBusy(false);
    if (!answer.ok) return setRefusal(answer.refusal);
    setOld("");
    setNext("");
    toast(t.passwordChanged);
    onDone();
  };
  return (
    <section class="card stack" aria-labelledby="password-title">
      <h2 id="password-title">{t.password}</h2>
      {account.kept_elsewhere ? (
        <p class="muted">{t.keptElsewhere}</p>
      ) : (
        <form class="stack" onSubmit={(e) => void send(e)}>
          {/* Password managers find out whose password it is. */}
          <input type="hidden" autocomplete="username" value={account.email} />
          <PasswordField
            label={t.oldPassword}
            value={old}
            onValue={setOld}
            autocomplete="current-password"
            required
          />
          <PasswordField
            label={t.newPassword}
            value={next}
            onValue={setNext}
            autocomplete="new-password"
            hint={account.codes ? t.passwordHintCodes : t.passwordHint}
            required
          />
          {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
          <div class="row wrap">
            <Button submit kind="primary" busy={busy}>
              {t.changePassword}
            </Button>
          </div>
          <p class="hint muted small">{t.othersEnd}</p>
        </form>
      )}
    </section>
  );
}
