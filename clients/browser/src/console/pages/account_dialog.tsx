// An account with everything that can be changed of it. Each change is a call of its own, so that
// each is a fact of its own.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Answer, Privilege } from "../../api";
import { refusalSentence, text } from "../../i18n";
import { Field, Notice } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { calls, table, type Group, type Known } from "../calls";
import { Confirm } from "../confirm";
import { words } from "../words";
import { Privileges } from "./privileges";

type Props = { id: number; onDone: (words: string) => void; onClose: () => void };

const groups_max = 200;

/** The dialog; it reads the account as it is now. */
export function AccountDialog({ id, onDone, onClose }: Props): JSX.Element {
  const [account, setAccount] = useState<Known | null>(null);
  const [groups, setGroups] = useState<Group[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const asked = [calls.account(id), table<Group>("/groups", { limit: groups_max })] as const;
    void Promise.all(asked).then(([found, all]) => {
      if (all.ok) setGroups(all.value.rows);
      if (found.ok) setAccount(found.value);
      else setProblem(refusalSentence(found.refusal));
    });
  }, []);
  if (account) return <Form account={account} groups={groups} onDone={onDone} onClose={onClose} />;
  return (
    <Dialog title={words.value.accounts.edit} onClose={onClose} wide>
      {problem ? (
        <Notice tone="bad">{problem}</Notice>
      ) : (
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      )}
    </Dialog>
  );
}

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one));

function Form(props: {
  account: Known;
  groups: Group[];
  onDone: (words: string) => void;
  onClose: () => void;
}): JSX.Element {
  const t = words.value.accounts;
  const { account } = props;
  const kept = account.known_elsewhere !== null;
  const [name, setName] = useState(account.name);
  const [email, setEmail] = useState(account.email);
  const [zone, setZone] = useState(account.time_zone ?? "");
  const [own, setOwn] = useState<Privilege[]>(account.own);
  const first = account.groups.map((group) => group.id);
  const [groups, setGroups] = useState<number[]>(first);
  const act = async (reason: string): Promise<Answer<unknown>> => {
    const changes: Record<string, unknown>[] = [];
    if (name.trim() !== account.name) changes.push({ name });
    if (email.trim() !== account.email) changes.push({ email });
    if (zone.trim() !== (account.time_zone ?? "")) changes.push({ time_zone: zone.trim() });
    if (!same(own, account.own)) changes.push({ privileges: own });
    if (!same(groups, first)) changes.push({ groups });
    for (const change of changes) {
      const answer = await calls.changeAccount(account.id, change, reason);
      if (!answer.ok) return answer;
    }
    props.onDone(changes.length === 0 ? t.nothing : words.value.saved);
    return { ok: true, value: {} };
  };
  const toggle = (id: number) =>
    setGroups(groups.includes(id) ? groups.filter((one) => one !== id) : [...groups, id]);
  const taken = !same(own, account.own) || !same(groups, first);
  return (
    <Confirm
      title={t.editTitle(account.name)}
      go={words.value.save}
      reason={taken ? "needed" : "welcome"}
      wide
      act={act}
      onDone={() => {}}
      onClose={props.onClose}
    >
      <p class="tags">
        <span class="tag">{account.enabled ? t.enabled : t.disabled}</span>
        <span class="tag">{t.signIns(account.sign_ins ?? 0)}</span>
        <span class="tag">{t.meetings(account.meetings ?? 0)}</span>
      </p>
      {kept ? (
        <Notice icon="lock">{t.kept}</Notice>
      ) : (
        <>
          <Field label={t.name} value={name} onValue={setName} maxLength={80} required />
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
        </>
      )}
      <Field
        label={t.zone}
        hint={t.zoneHint}
        value={zone}
        onValue={setZone}
        maxLength={64}
        autocomplete="off"
        spellcheck={false}
      />
      {!kept && <Privileges label={t.own} value={own} onValue={setOwn} />}
      {props.groups.length > 0 && (
        <fieldset class="boxes">
          <legend class="label">{t.groups}</legend>
          {props.groups.map((group) => (
            <label key={group.id} class="box">
              <input
                type="checkbox"
                checked={groups.includes(group.id)}
                onChange={() => toggle(group.id)}
              />
              <span>{group.name}</span>
            </label>
          ))}
        </fieldset>
      )}
      {taken && <p class="muted small">{t.reasonFor}</p>}
    </Confirm>
  );
}
