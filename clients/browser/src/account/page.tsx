// One's own account: profile, password, codes, and where one is signed in.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account } from "../api";
import { refusalSentence, text } from "../i18n";
import { AccountMenu } from "../pages/account_menu";
import { SignIn } from "../pages/sign_in";
import { Notice } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Codes } from "./codes";
import { Password } from "./password";
import { Profile } from "./profile";
import { Keys } from "./keys";
import { SignIns } from "./sign_ins";
import { serverName } from "../ui/brand";

/** The account page; whoever is not signed in finds the form for it. */
export function AccountPage(): JSX.Element {
  const [account, setAccount] = useState<Account | null | undefined>(undefined);
  const [problem, setProblem] = useState<string | null>(null);
  // Sign-ins change with password and codes; the list is read again.
  const [round, setRound] = useState(0);
  const t = text.value;
  const read = async () => {
    const answer = await api.me();
    setRound((before) => before + 1);
    const known = answer.ok || answer.refusal.code === "sign_in_needed";
    setProblem(known || answer.ok ? null : refusalSentence(answer.refusal));
    setAccount(answer.ok ? answer.value : null);
  };
  useEffect(() => {
    document.title = `${t.account.title} · ${serverName()}`;
  }, [t]);
  useEffect(() => void read(), []);
  if (account === undefined) {
    return (
      <Frame narrow>
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {t.ui.loading}
        </p>
      </Frame>
    );
  }
  if (account === null) {
    return (
      <Frame narrow>
        <div class="card lift stack">
          <h1>{t.account.signInTitle}</h1>
          {problem && <Notice tone="bad">{problem}</Notice>}
          <SignIn email="" onDone={setAccount} />
        </div>
      </Frame>
    );
  }
  return (
    <Frame aside={<AccountMenu account={account} onOut={() => location.assign("/")} />}>
      <div class="account">
        <div class="account-head stack tight">
          <h1>{t.account.title}</h1>
          <p>
            <a href="/">{t.account.back}</a>
          </p>
        </div>
        {account.codes_required && (
          <div class="account-head">
            <Notice tone="warm" icon="lock">
              {t.account.codesRequired}
            </Notice>
          </div>
        )}
        <div class="stack account-column">
          <Profile account={account} onChange={setAccount} />
          <Password account={account} onDone={() => void read()} />
        </div>
        <div class="stack account-column">
          <Codes account={account} onDone={() => void read()} />
          <SignIns key={round} zone={account.time_zone} onGone={() => setAccount(null)} />
          <Keys account={account} onGone={() => setAccount(null)} />
        </div>
      </div>
    </Frame>
  );
}
