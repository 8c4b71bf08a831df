// Keys by which programs act for people: everybody's, revoked here, and one made for oneself.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { KeyForm } from "../../account/key_form";
import { api, type Account, type Answer, type ApiKey } from "../../api";
import type { Refusal } from "../../boot";
import { dateAndTime, refusalSentence, text } from "../../i18n";
import { Button, Notice, Select } from "../../ui/controls";
import { toast } from "../../ui/toast";
import type { Page } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { pageOf, type Wanted } from "../short_list";
import { Table, type Column } from "../table";
import { words } from "../words";
import { Part } from "./settings";

/** The page. */
export function KeysPage({ account }: { account: Account }): JSX.Element {
  const t = words.value.keys;
  const [which, setWhich] = useState("good");
  const [round, setRound] = useState(0);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (!mayChange.value) return <Notice icon="lock">{words.value.administratorsOnly}</Notice>;
  const again = () => setRound(round + 1);
  const read = async (wanted: Wanted): Promise<Answer<Page<ApiKey>>> => {
    const answer = await api.allKeys();
    if (!answer.ok) return answer;
    const rows = answer.value.keys.filter((key) => which === "" || key.good === (which === "good"));
    return { ok: true, value: pageOf(rows, wanted, reading) };
  };
  const columns: Column<ApiKey>[] = [
    {
      name: t.name,
      sort: "name",
      cell: (row) => (
        <>
          <b class="block">{row.name}</b>
          <span class="small muted mono block">{row.scopes.join(" ")}</span>
        </>
      ),
    },
    { name: t.owner, sort: "owner", cell: (row) => row.owner },
    { name: t.made, sort: "made", cell: (row) => dateAndTime(row.made_ms) },
    {
      name: t.expires,
      sort: "expires",
      cell: (row) => (row.expires_ms === null ? t.neverExpires : dateAndTime(row.expires_ms)),
    },
    { name: t.state, sort: "state", cell: (row) => <State of={row} /> },
    {
      name: words.value.table.actions,
      end: true,
      cell: (row) =>
        row.revoked_ms === null && (
          <Button
            size="small"
            aria-label={`${text.value.keys.revoke}: ${row.name}, ${row.owner}`}
            onClick={() => setRevoking(row)}
          >
            {text.value.keys.revoke}
          </Button>
        ),
    },
  ];
  return (
    <>
      <p class="muted">
        {t.lead}{" "}
        <a href="/api/docs" target="_blank" rel="noopener">
          {t.document}
        </a>
      </p>
      <Table
        key={which}
        label={words.value.pages.keys}
        path={read}
        columns={columns}
        id={(row) => row.number}
        sort="-made"
        empty={t.none}
        round={round}
        tools={
          <Select label={t.which} value={which} onValue={setWhich}>
            <option value="good">{t.good}</option>
            <option value="bad">{t.notGood}</option>
            <option value="">{t.all}</option>
          </Select>
        }
      />
      <Part id="make-key-title" title={t.ownTitle} lead={t.ownLead(account.email)}>
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        <KeyForm account={account} onMade={again} onRefusal={setRefusal} />
      </Part>
      {revoking && (
        <Confirm
          title={text.value.keys.revokeTitle(revoking.name)}
          lead={text.value.keys.revokeLead}
          go={text.value.keys.revoke}
          danger
          act={() => api.revokeKey(revoking.number)}
          onDone={() => {
            toast(text.value.keys.revoked(revoking.name));
            setRevoking(null);
            again();
          }}
          onClose={() => setRevoking(null)}
        >
          <p>{t.actsFor(revoking.owner)}</p>
        </Confirm>
      )}
    </>
  );
}

/** Of equal keys, the ones that open something come first. */
const rank = (key: ApiKey): number => (key.good ? 0 : key.revoked_ms === null ? 1 : 2);

const reading = {
  texts: (key: ApiKey) => [key.name, key.owner, key.scopes.join(" ")],
  keys: {
    name: (key: ApiKey) => key.name,
    owner: (key: ApiKey) => key.owner,
    made: (key: ApiKey) => key.made_ms,
    expires: (key: ApiKey) => key.expires_ms ?? Number.MAX_SAFE_INTEGER,
    state: rank,
  },
};

function State({ of }: { of: ApiKey }): JSX.Element {
  const t = words.value.keys;
  if (of.good) return <span class="tag accent">{t.isGood}</span>;
  if (of.revoked_ms !== null)
    return <span class="tag warm">{t.isRevoked(dateAndTime(of.revoked_ms))}</span>;
  return <span class="tag warm">{t.isOver}</span>;
}
