// The start page: join by id, or sign in and host.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account } from "../api";
import type { Boot } from "../boot";
import { refusalSentence, text } from "../i18n";
import { brand, serverName } from "../ui/brand";
import { Notice } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Icon, type IconName } from "../ui/icons";
import { AccountMenu } from "./account_menu";
import { Dashboard } from "./dashboard";
import { JoinForm } from "./join_form";
import { SignIn } from "./sign_in";

/** The start page; whoever is signed in finds the dashboard in its place. */
export function Home({ boot }: { boot: Boot }): JSX.Element {
  const [account, setAccount] = useState<Account | null | undefined>(undefined);
  const t = text.value;
  useEffect(() => {
    document.title = serverName();
    void api
      .me()
      .then((answer) => setAccount(answer.ok && answer.value.email ? answer.value : null));
  }, []);
  useEffect(() => {
    // Nothing else is allowed before that.
    if (account?.codes_required) location.assign("/account");
  }, [account]);
  if (account) {
    return (
      <Frame aside={<AccountMenu account={account} onOut={() => setAccount(null)} />}>
        {boot.refusal && (
          <div class="page-notice">
            <Notice tone="bad">{refusalSentence(boot.refusal)}</Notice>
          </div>
        )}
        <Dashboard account={account} boot={{ ...boot, refusal: undefined }} />
      </Frame>
    );
  }
  const icons: IconName[] = ["lock", "check", "share"];
  return (
    <Frame>
      {boot.refusal && (
        <div class="page-notice">
          <Notice tone="bad">{refusalSentence(boot.refusal)}</Notice>
        </div>
      )}
      <section class="hero">
        <div class="hero-words">
          <h1>{t.home.title}</h1>
          <p class="lead">{brand.value.welcome ?? t.home.lead}</p>
          <ul class="points">
            {t.home.points.map(([head, body], i) => (
              <li key={head}>
                <span class="point-icon">
                  <Icon name={icons[i] ?? "check"} />
                </span>
                <div>
                  <b>{head}</b>
                  <p class="muted small">{body}</p>
                </div>
              </li>
            ))}
          </ul>
        </div>
        <div class="hero-cards stack">
          <section class="card lift stack" aria-labelledby="join-title">
            <h2 id="join-title">{t.home.join}</h2>
            <JoinForm boot={{ ...boot, refusal: undefined }} compact />
          </section>
          <section class="card stack" aria-labelledby="host-title">
            <div>
              <h2 id="host-title">{t.home.host}</h2>
              <p class="muted">{t.home.hostLead}</p>
            </div>
            <SignIn email={boot.email ?? ""} onDone={setAccount} quiet />
          </section>
        </div>
      </section>
    </Frame>
  );
}
