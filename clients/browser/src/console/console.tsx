// The console: an administrator's pages under one roof. It comes as a chunk of its own, so that
// nobody else waits for it.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, seesConsole, type Account } from "../api";
import { text } from "../i18n";
import { AccountMenu } from "../pages/account_menu";
import { SignIn } from "../pages/sign_in";
import { Notice } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Icon, type IconName } from "../ui/icons";
import { AccountsPage } from "./pages/accounts";
import { AuditPage } from "./pages/audit";
import { GroupsPage } from "./pages/groups";
import { IntegrationPage } from "./pages/integration";
import { KeysPage } from "./pages/keys";
import { MeetingsPage } from "./pages/meetings";
import { OverviewPage } from "./pages/overview";
import { PoliciesPage } from "./pages/policies";
import { PublishingPage } from "./pages/publishing";
import { ReportsPage } from "./pages/reports";
import { ServerPage } from "./pages/server";
import { TelephonePage } from "./pages/telephone";
import { WebhooksPage } from "./pages/webhooks";
import { mayChange } from "./may";
import { addressOf, go, page } from "./route";
import { words } from "./words";
import "../styles/console.css";
import { serverName } from "../ui/brand";

type Name = keyof typeof words.value.pages;

type Page = {
  name: Name;
  icon: IconName;
  /** Whether it has nothing for who only looks. */
  changers?: boolean;
  show: (account: Account) => JSX.Element;
};

const pages: Page[] = [
  { name: "overview", icon: "info", show: () => <OverviewPage /> },
  { name: "meetings", icon: "presenter", show: () => <MeetingsPage /> },
  { name: "accounts", icon: "people", show: () => <AccountsPage /> },
  { name: "groups", icon: "invite", show: () => <GroupsPage /> },
  { name: "integration", icon: "lock", show: () => <IntegrationPage /> },
  { name: "telephone", icon: "speaker", show: () => <TelephonePage /> },
  { name: "publishing", icon: "share", show: () => <PublishingPage /> },
  { name: "webhooks", icon: "link", changers: true, show: () => <WebhooksPage /> },
  {
    name: "keys",
    icon: "key",
    changers: true,
    show: (account) => <KeysPage account={account} />,
  },
  { name: "policies", icon: "check", show: () => <PoliciesPage /> },
  { name: "reports", icon: "record", show: () => <ReportsPage /> },
  { name: "audit", icon: "clock", show: () => <AuditPage /> },
  { name: "server", icon: "settings", show: () => <ServerPage /> },
];

/** The console; whoever is not signed in finds the form for it. */
export default function Console(): JSX.Element {
  const [account, setAccount] = useState<Account | null | undefined>(undefined);
  const t = words.value;
  useEffect(() => {
    void api.me().then((answer) => setAccount(answer.ok ? answer.value : null));
  }, []);
  mayChange.value = account?.administrator === true;
  useEffect(() => {
    // Nothing else is allowed before that.
    if (account?.codes_required) location.assign("/account");
  }, [account]);
  useEffect(() => {
    if (!account) document.title = `${t.title} · ${serverName()}`;
  }, [account, t]);
  if (account === undefined) {
    return (
      <Frame narrow>
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      </Frame>
    );
  }
  if (account === null) {
    return (
      <Frame narrow>
        <div class="card lift stack">
          <h1>{t.signInTitle}</h1>
          <SignIn email="" onDone={setAccount} />
        </div>
      </Frame>
    );
  }
  const aside = <AccountMenu account={account} onOut={() => setAccount(null)} />;
  if (!seesConsole(account)) {
    return (
      <Frame narrow aside={aside}>
        <div class="card lift stack">
          <h1>{t.title}</h1>
          <Notice tone="warm" icon="lock">
            {t.notYours}
          </Notice>
          <p>
            <a href="/">{t.back}</a>
          </p>
        </div>
      </Frame>
    );
  }
  return (
    <Frame wide aside={aside}>
      <div class="console">
        <Navigation />
        <Shown account={account} />
      </div>
    </Frame>
  );
}

function Navigation(): JSX.Element {
  const t = words.value;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const current = list.current?.querySelector("[aria-current]");
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [page.value]);
  const shown = pages.filter(({ changers }) => !changers || mayChange.value);
  return (
    <nav class="console-nav" aria-label={t.nav}>
      <ul ref={list}>
        {shown.map(({ name, icon }) => (
          <li key={name}>
            <a
              href={addressOf(name)}
              aria-current={page.value === name ? "page" : undefined}
              onClick={(e) => {
                if (e.metaKey || e.ctrlKey || e.shiftKey || e.button !== 0) return;
                e.preventDefault();
                go(name);
              }}
            >
              <Icon name={icon} />
              {t.pages[name]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Shown({ account }: { account: Account }): JSX.Element {
  const t = words.value;
  const head = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const found = pages.find(({ name }) => name === page.value) ?? pages[0];
  const name = found?.name ?? "overview";
  useEffect(() => {
    document.title = `${t.pages[name]} · ${t.title} · ${serverName()}`;
  }, [name, t]);
  useEffect(() => {
    // Whoever went to another page goes on at its head.
    if (first.current) first.current = false;
    else {
      scrollTo(0, 0);
      head.current?.focus();
    }
  }, [name]);
  return (
    <div class="console-page stack" key={name}>
      <h1 ref={head} tabIndex={-1}>
        {t.pages[name]}
      </h1>
      {found?.show(account)}
    </div>
  );
}
