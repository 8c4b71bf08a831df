// Who can sign in: found, added, changed, switched off, given a link.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, Select, Switch } from "../../ui/controls";
import { Menu, type MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { calls, type Known } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { Dots, Table, type Column } from "../table";
import { words } from "../words";
import { AccountDialog } from "./account_dialog";
import { LinkDialog } from "./link_dialog";

type Deed = "edit" | "link" | "disable" | "enable" | "sign_ins" | "codes";

/** The page. */
export function AccountsPage(): JSX.Element {
  const t = words.value.accounts;
  const [state, setState] = useState("");
  const [round, setRound] = useState(0);
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ deed: Deed; account: Known } | null>(null);
  const done = (said: string) => {
    setAsked(null);
    setAdding(false);
    if (said) toast(said);
    setRound(round + 1);
  };
  const actions = (account: Known): MenuItem[] => {
    const item = (
      deed: Deed,
      icon: "settings" | "copy" | "leave" | "lock" | "close" | "check",
      label: string,
      bad = false,
    ): MenuItem => ({ icon, label, bad, act: () => setAsked({ deed, account }) });
    const items: MenuItem[] = [item("edit", "settings", t.edit)];
    if (account.enabled && !account.known_elsewhere) items.push(item("link", "copy", t.makeLink));
    items.push(item("sign_ins", "leave", t.endSignIns));
    if (account.codes) items.push(item("codes", "lock", t.codesOff, true));
    items.push(
      account.enabled
        ? item("disable", "close", t.disable, true)
        : item("enable", "check", t.enable),
    );
    return items;
  };
  const actionsColumn: Column<Known> = {
    name: words.value.table.actions,
    end: true,
    cell: (row: Known) => (
      <Menu
        class="btn small icon quiet"
        label={words.value.table.actionsFor(row.name)}
        items={actions(row)}
      >
        <Dots />
      </Menu>
    ),
  };
  const columns: Column<Known>[] = [
    {
      name: t.name,
      sort: "name",
      cell: (row) => (
        <>
          <b class="block">{row.name}</b>
          <span class="row wrap small">
            {row.administrator && <span class="tag accent">{t.administrator}</span>}
            {row.codes && <span class="tag">{t.codes}</span>}
            {row.known_elsewhere && <span class="tag">{t.elsewhere(row.known_elsewhere)}</span>}
          </span>
        </>
      ),
    },
    { name: t.email, sort: "email", cell: (row) => row.email },
    {
      name: t.state,
      sort: "state",
      cell: (row) =>
        row.enabled ? (
          <span class="tag accent">{t.on}</span>
        ) : (
          <span class="tag warm">{t.off}</span>
        ),
    },
    {
      name: t.groups,
      cell: (row) => row.groups.map((group) => group.name).join(", ") || words.value.none,
    },
    ...(mayChange.value ? [actionsColumn] : []),
  ];
  return (
    <>
      <div class="row wrap">
        <p class="muted grow">{t.lead}</p>
        {mayChange.value && (
          <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
            {t.add}
          </Button>
        )}
      </div>
      <Table
        label={words.value.pages.accounts}
        path="/accounts"
        query={{ state }}
        columns={columns}
        id={(row) => row.id}
        sort="name"
        empty={t.none}
        round={round}
        tools={
          <Select label={t.states} value={state} onValue={setState}>
            <option value="">{t.all}</option>
            <option value="enabled">{t.enabled}</option>
            <option value="disabled">{t.disabled}</option>
            <option value="administrators">{t.administrators}</option>
          </Select>
        }
      />
      {adding && (
        <AddDialog
          onClose={() => setAdding(false)}
          onDone={(made) => {
            done("");
            setLink(made);
          }}
        />
      )}
      {asked && (
        <DeedDialog
          {...asked}
          onClose={() => setAsked(null)}
          onDone={done}
          onLink={(made) => {
            done("");
            setLink(made);
          }}
        />
      )}
      {link !== null && <LinkDialog link={link} onClose={() => setLink(null)} />}
    </>
  );
}

function AddDialog(props: { onClose: () => void; onDone: (link: string) => void }): JSX.Element {
  const t = words.value.accounts;
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [administrator, setAdministrator] = useState(false);
  return (
    <Confirm
      title={t.add}
      lead={t.addLead}
      go={words.value.add}
      act={async () => {
        const answer = await calls.addAccount({ email: email.trim(), name, administrator });
        if (answer.ok) props.onDone(answer.value.link);
        return answer;
      }}
      onDone={() => {}}
      onClose={props.onClose}
    >
      <Field label={t.name} value={name} onValue={setName} maxLength={80} required focused />
      <Field
        label={t.email}
        value={email}
        onValue={setEmail}
        type="email"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        required
      />
      <Switch on={administrator} onChange={setAdministrator}>
        {t.addAdministrator}
      </Switch>
    </Confirm>
  );
}

function DeedDialog(props: {
  deed: Deed;
  account: Known;
  onClose: () => void;
  onDone: (words: string) => void;
  onLink: (link: string) => void;
}): JSX.Element {
  const t = words.value.accounts;
  const { deed, account, onClose, onDone } = props;
  const titled = (what: string) => `${what}: ${account.name}`;
  const common = { onClose, danger: true, reason: "needed" as const };
  switch (deed) {
    case "edit":
      return <AccountDialog id={account.id} onClose={onClose} onDone={onDone} />;
    case "link":
      return (
        <Confirm
          title={titled(t.makeLink)}
          lead={t.linkLead}
          go={t.makeLink}
          reason="welcome"
          act={async (reason) => {
            const answer = await calls.link(account.id, reason);
            if (answer.ok) props.onLink(answer.value.link);
            return answer;
          }}
          onDone={() => {}}
          onClose={onClose}
        />
      );
    case "enable":
      return (
        <Confirm
          title={titled(t.enable)}
          go={t.enable}
          reason="welcome"
          act={(reason) => calls.enable(account.id, reason)}
          onDone={() => onDone(t.isEnabled)}
          onClose={onClose}
        />
      );
    case "disable":
      return (
        <Confirm
          {...common}
          title={titled(t.disable)}
          lead={t.disableLead}
          go={t.disable}
          act={(reason) => calls.disable(account.id, reason)}
          onDone={() => onDone(t.isDisabled)}
        />
      );
    case "codes":
      return (
        <Confirm
          {...common}
          title={titled(t.codesOff)}
          lead={t.codesOffLead}
          go={t.codesOff}
          act={(reason) => calls.codesOff(account.id, reason)}
          onDone={() => onDone(t.codesAreOff)}
        />
      );
    case "sign_ins":
      return (
        <Confirm
          {...common}
          title={titled(t.endSignIns)}
          lead={t.endLead}
          go={t.endSignIns}
          act={async (reason) => {
            const answer = await calls.endSignIns(account.id, reason);
            if (answer.ok) onDone(t.ended(answer.value.ended));
            return answer;
          }}
          onDone={() => {}}
        />
      );
  }
}
