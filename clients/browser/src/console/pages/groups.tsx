// What several accounts may do together.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer, Privilege } from "../../api";
import { text } from "../../i18n";
import { Button, Field } from "../../ui/controls";
import { Menu } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { calls, type Group } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { Dots, Table, type Column } from "../table";
import { words } from "../words";
import { Privileges } from "./privileges";

/** The page. */
export function GroupsPage(): JSX.Element {
  const t = words.value.groups;
  const [round, setRound] = useState(0);
  const [edited, setEdited] = useState<Group | "new" | null>(null);
  const [removed, setRemoved] = useState<Group | null>(null);
  const done = (said: string) => {
    setEdited(null);
    setRemoved(null);
    toast(said);
    setRound(round + 1);
  };
  const actionsColumn: Column<Group> = {
    name: words.value.table.actions,
    end: true,
    cell: (row: Group) => (
      <Menu
        class="btn small icon quiet"
        label={words.value.table.actionsFor(row.name)}
        items={[
          { icon: "settings", label: t.edit, act: () => setEdited(row) },
          { icon: "remove", label: t.remove, bad: true, act: () => setRemoved(row) },
        ]}
      >
        <Dots />
      </Menu>
    ),
  };
  const columns: Column<Group>[] = [
    { name: t.name, sort: "name", cell: (row) => <b>{row.name}</b> },
    { name: t.members, sort: "members", cell: (row) => row.members },
    {
      name: t.privileges,
      cell: (row) =>
        row.privileges.map((one) => text.value.account.privileges[one]).join(", ") ||
        words.value.none,
    },
    ...(mayChange.value ? [actionsColumn] : []),
  ];
  return (
    <>
      <div class="row wrap">
        <p class="muted grow">{t.lead}</p>
        {mayChange.value && (
          <Button kind="primary" icon="plus" onClick={() => setEdited("new")}>
            {t.add}
          </Button>
        )}
      </div>
      <Table
        label={words.value.pages.groups}
        path="/groups"
        columns={columns}
        id={(row) => row.id}
        sort="name"
        empty={t.none}
        round={round}
      />
      {edited !== null && (
        <GroupDialog
          group={edited === "new" ? null : edited}
          onDone={() => done(words.value.saved)}
          onClose={() => setEdited(null)}
        />
      )}
      {removed && (
        <Confirm
          title={`${t.remove}: ${removed.name}`}
          lead={t.removeLead}
          go={t.remove}
          danger
          reason="needed"
          act={(reason) => calls.removeGroup(removed.id, reason)}
          onDone={() => done(t.removed)}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  );
}

function GroupDialog(props: {
  group: Group | null;
  onDone: () => void;
  onClose: () => void;
}): JSX.Element {
  const t = words.value.groups;
  const { group } = props;
  const [name, setName] = useState(group?.name ?? "");
  const [privileges, setPrivileges] = useState<Privilege[]>(group?.privileges ?? []);
  const act = async (reason: string): Promise<Answer<unknown>> => {
    if (!group) return calls.addGroup(name, privileges);
    let answer: Answer<unknown> = { ok: true, value: {} };
    if (name.trim() !== group.name) answer = await calls.changeGroup(group.id, { name }, reason);
    const changed = privileges.join() !== group.privileges.join();
    if (answer.ok && changed) answer = await calls.changeGroup(group.id, { privileges }, reason);
    return answer;
  };
  return (
    <Confirm
      title={group ? t.editTitle(group.name) : t.add}
      go={group ? words.value.save : words.value.add}
      reason={group ? "needed" : undefined}
      wide
      act={act}
      onDone={props.onDone}
      onClose={props.onClose}
    >
      <Field label={t.name} value={name} onValue={setName} maxLength={80} required focused />
      <Privileges label={t.privileges} value={privileges} onValue={setPrivileges} />
    </Confirm>
  );
}
