// Who is told of events, and how each fares: added, changed, switched, tried, and what was given
// up.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../../api";
import { dateAndTime, refusalSentence } from "../../i18n";
import { Button, Notice } from "../../ui/controls";
import { Menu, type MenuItem } from "../../ui/menu";
import { ShownOnce } from "../../ui/shown_once";
import { toast } from "../../ui/toast";
import type { Page } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { webhooks, type Sent, type Webhook } from "../programs";
import { pageOf, type Wanted } from "../short_list";
import { Dots, Table, type Column } from "../table";
import { words } from "../words";
import { WebhookForm } from "./webhook_form";
import { DeadLetters } from "./webhook_letters";
import eventsManual from "../../../../../docs/API-EVENTS.md?url";
import manual from "../../../../../docs/WEBHOOKS.md?url";

type Deed = "change" | "enable" | "disable" | "rotate" | "dead" | "remove";

const look_again_ms = 1000;
const looks = 5;

/** The page. */
export function WebhooksPage(): JSX.Element {
  const t = words.value.webhooks;
  const [round, setRound] = useState(0);
  const [looking, setLooking] = useState(0);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ deed: Deed; hook: Webhook } | null>(null);
  const [tried, setTried] = useState<{ hook: Webhook; sent: Answer<Sent> } | null>(null);
  const again = () => setRound((was) => was + 1);
  useEffect(() => {
    // What a deed sets going is seen a moment later.
    if (looking === 0) return;
    const timer = setTimeout(() => {
      again();
      setLooking(looking - 1);
    }, look_again_ms);
    return () => clearTimeout(timer);
  }, [looking]);
  const done = (said: string) => {
    setAsked(null);
    setAdding(false);
    if (said) toast(said);
    again();
    setLooking(looks);
  };
  const test = async (hook: Webhook) => {
    setTried({ hook, sent: await webhooks.test(hook.number) });
    again();
  };
  const retry = async (hook: Webhook) => {
    const answer = await webhooks.retry(hook.number);
    if (answer.ok) done(t.retried);
    else toast(refusalSentence(answer.refusal), true);
  };
  const read = async (wanted: Wanted): Promise<Answer<Page<Webhook>>> => {
    const answer = await webhooks.all();
    if (!answer.ok) return answer;
    return { ok: true, value: pageOf(answer.value.webhooks, wanted, reading) };
  };
  const actions = (hook: Webhook): MenuItem[] => {
    const ask = (deed: Deed) => () => setAsked({ deed, hook });
    const waits = hook.enabled && hook.delivery.failures > 0;
    return [
      { icon: "settings", label: t.change, act: ask("change") },
      { icon: "share", label: t.test, act: () => void test(hook) },
      ...(waits ? [{ icon: "refresh" as const, label: t.retry, act: () => void retry(hook) }] : []),
      ...(hook.dead > 0
        ? [{ icon: "clock" as const, label: t.dead(hook.dead), act: ask("dead") }]
        : []),
      { icon: "lock", label: t.rotate, act: ask("rotate") },
      hook.enabled
        ? { icon: "close", label: t.disable, act: ask("disable") }
        : { icon: "check", label: t.enable, act: ask("enable") },
      null,
      { icon: "remove", label: t.remove, bad: true, act: ask("remove") },
    ];
  };
  const columns: Column<Webhook>[] = [
    {
      name: t.url,
      sort: "url",
      cell: (row) => (
        <>
          <b class="block url">{row.url}</b>
          {row.description && <span class="small block">{row.description}</span>}
          <span class="small muted mono block">{row.events.join(", ")}</span>
        </>
      ),
    },
    { name: t.state, sort: "state", cell: (row) => <State hook={row} /> },
    {
      name: t.behind,
      sort: "behind",
      cell: (row) => (row.delivery.behind === null ? t.begins : t.facts(row.delivery.behind)),
    },
    {
      name: t.taken,
      sort: "taken",
      cell: (row) => (row.delivery.taken_ms ? dateAndTime(row.delivery.taken_ms) : t.never),
    },
    {
      name: words.value.table.actions,
      end: true,
      cell: (row: Webhook) => (
        <Menu
          class="btn small icon quiet"
          label={words.value.table.actionsFor(row.url)}
          items={actions(row)}
        >
          <Dots />
        </Menu>
      ),
    },
  ];
  if (!mayChange.value) return <Notice icon="lock">{words.value.administratorsOnly}</Notice>;
  return (
    <>
      <div class="row wrap">
        <p class="muted grow">
          {t.lead} <Manuals />
        </p>
        <Button icon="refresh" onClick={again}>
          {words.value.refresh}
        </Button>
        <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
          {t.add}
        </Button>
      </div>
      <Table
        label={words.value.pages.webhooks}
        path={read}
        columns={columns}
        id={(row) => row.number}
        sort="url"
        empty={t.none}
        round={round}
      />
      {adding && (
        <WebhookForm
          hook={null}
          onClose={() => setAdding(false)}
          onDone={(made) => {
            done("");
            setSecret(made);
          }}
        />
      )}
      {asked && (
        <DeedDialog
          {...asked}
          onClose={() => setAsked(null)}
          onDone={done}
          onSecret={(made) => {
            done("");
            setSecret(made);
          }}
        />
      )}
      {tried && (
        <Confirm
          title={`${t.test}: ${tried.hook.url}`}
          go={t.testAgain}
          act={async () => {
            await test(tried.hook);
            return { ok: true, value: {} };
          }}
          onDone={() => {}}
          onClose={() => setTried(null)}
        >
          <Came sent={tried.sent} />
        </Confirm>
      )}
      {secret !== null && (
        <ShownOnce
          title={t.secretTitle}
          lead={t.secretLead}
          copy={t.secretCopy}
          shown={secret}
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

/** Larger is worse. */
const trouble = (hook: Webhook): number =>
  (hook.enabled ? 0 : 1_000_000) + hook.delivery.failures * 1000 + hook.dead;

const reading = {
  texts: (hook: Webhook) => [hook.url, hook.description ?? "", hook.events.join(" ")],
  keys: {
    url: (hook: Webhook) => hook.url,
    state: trouble,
    behind: (hook: Webhook) => hook.delivery.behind ?? -1,
    taken: (hook: Webhook) => hook.delivery.taken_ms ?? 0,
  },
};

function Manuals(): JSX.Element {
  const t = words.value.webhooks;
  return (
    <>
      <a href={manual} target="_blank" rel="noopener">
        {t.manual}
      </a>{" "}
      ·{" "}
      <a href={eventsManual} target="_blank" rel="noopener">
        {t.eventsManual}
      </a>
    </>
  );
}

function State({ hook }: { hook: Webhook }): JSX.Element {
  const t = words.value.webhooks;
  const { failures, why, retry_at_ms: retry } = hook.delivery;
  return (
    <div>
      <span class="row wrap">
        {!hook.enabled && <span class="tag warm">{t.off}</span>}
        {hook.enabled && failures === 0 && !why && <span class="tag accent">{t.fine}</span>}
        {failures > 0 && <span class="tag warm">{t.failures(failures)}</span>}
        {hook.dead > 0 && <span class="tag warm">{t.dead(hook.dead)}</span>}
      </span>
      {why && <span class="small muted block">{why}</span>}
      {hook.enabled && retry !== null && (
        <span class="small muted block">{t.nextRetry(dateAndTime(retry))}</span>
      )}
    </div>
  );
}

/** What came back of a call. */
export function Came({ sent }: { sent: Answer<Sent> }): JSX.Element {
  const t = words.value.webhooks;
  if (!sent.ok) return <Notice tone="bad">{refusalSentence(sent.refusal)}</Notice>;
  const { taken, status, why } = sent.value;
  if (taken) return <Notice icon="check">{t.wasTaken(String(status ?? ""))}</Notice>;
  return (
    <Notice tone="bad">
      <span class="block">{t.wasNotTaken}</span>
      <span class="block mono small">{why ?? ""}</span>
    </Notice>
  );
}

function DeedDialog(props: {
  deed: Deed;
  hook: Webhook;
  onDone: (said: string) => void;
  onSecret: (secret: string) => void;
  onClose: () => void;
}): JSX.Element {
  const { deed, hook, onDone, onClose } = props;
  const t = words.value.webhooks;
  const titled = (what: string) => `${what}: ${hook.url}`;
  switch (deed) {
    case "change":
      return <WebhookForm hook={hook} onClose={onClose} onDone={() => onDone(t.changed)} />;
    case "dead":
      return <DeadLetters hook={hook} onClose={() => onDone("")} />;
    case "enable":
    case "disable": {
      const on = deed === "enable";
      return (
        <Confirm
          title={titled(on ? t.enable : t.disable)}
          lead={on ? t.enableLead : t.disableLead}
          go={on ? t.enable : t.disable}
          reason="welcome"
          act={(reason) => webhooks.change(hook.number, { enabled: on }, reason)}
          onDone={() => onDone(on ? t.isOn : t.isOff)}
          onClose={onClose}
        />
      );
    }
    case "rotate": {
      let made = "";
      return (
        <Confirm
          title={titled(t.rotate)}
          lead={t.rotateLead}
          go={t.rotate}
          reason="welcome"
          act={async (reason) => {
            const answer = await webhooks.rotate(hook.number, reason);
            if (answer.ok) made = answer.value.secret;
            return answer;
          }}
          onDone={() => props.onSecret(made)}
          onClose={onClose}
        />
      );
    }
    case "remove":
      return (
        <Confirm
          title={titled(t.remove)}
          lead={t.removeLead}
          go={t.remove}
          danger
          reason="needed"
          act={(reason) => webhooks.remove(hook.number, reason)}
          onDone={() => onDone(t.removed)}
          onClose={onClose}
        />
      );
  }
}
