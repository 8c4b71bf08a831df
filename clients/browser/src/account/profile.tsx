// Name, time zone, and what the account covers.
import { useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice, Select } from "../ui/controls";
import { toast } from "../ui/toast";

type Props = { account: Account; onChange: (account: Account) => void };

/** Every time zone that this browser knows, and the one that is chosen. */
function zones(chosen: string | null): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return chosen && !known.includes(chosen) ? [chosen, ...known] : known;
}

/** The profile. */
export function Profile({ account, onChange }: Props): JSX.Element {
  const t = text.value.account;
  const [name, setName] = useState(account.name);
  const [zone, setZone] = useState(account.time_zone ?? "");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const all = useMemo(() => zones(account.time_zone), [account.time_zone]);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const own = account.kept_elsewhere ? {} : { name: name.trim() };
    const answer = await api.changeMe({ ...own, time_zone: zone });
    setBusy(false);
    if (!answer.ok) return setRefusal(answer.refusal);
    setName(answer.value.name);
    onChange(answer.value);
    toast(t.saved);
  };
  return (
    <section class="card stack" aria-labelledby="profile-title">
      <h2 id="profile-title">{t.profile}</h2>
      <form class="stack" onSubmit={(e) => void send(e)}>
        <div class="field">
          <span class="label">{text.value.home.email}</span>
          <p class="fixed">{account.email}</p>
        </div>
        {account.kept_elsewhere ? (
          <div class="field">
            <span class="label">{t.name}</span>
            <p class="fixed">{account.name}</p>
            <p class="hint">{t.keptElsewhere}</p>
          </div>
        ) : (
          <Field
            label={t.name}
            value={name}
            onValue={setName}
            autocomplete="name"
            maxLength={80}
            required
          />
        )}
        <Select label={t.zone} hint={t.zoneHint} value={zone} onValue={setZone}>
          <option value="">{t.noZone(here)}</option>
          {all.map((each) => (
            <option key={each} value={each}>
              {each.replace(/_/g, " ")}
            </option>
          ))}
        </Select>
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        <div class="row">
          <Button submit kind="primary" busy={busy}>
            {t.save}
          </Button>
        </div>
      </form>
      <div class="stack tight">
        <h3 class="label">{t.may}</h3>
        {account.privileges.length === 0 ? (
          <p class="muted small">{t.mayNothing}</p>
        ) : (
          <ul class="tags">
            {account.privileges.map((each) => (
              <li key={each} class={each === "administrator" ? "tag accent" : "tag"}>
                {t.privileges[each]}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
