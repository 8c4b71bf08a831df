// Keys by which programs act for this account: made, shown once, revoked.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account, type ApiKey } from "../api";
import type { Refusal } from "../boot";
import { dateAndTime, refusalSentence, text } from "../i18n";
import { Button, Notice } from "../ui/controls";
import { Dialog } from "../ui/dialog";
import { toast } from "../ui/toast";
import { KeyForm } from "./key_form";

type Props = { account: Account; onGone: () => void };

/** The list of keys that open something, and the form for another one. */
export function Keys({ account, onGone }: Props): JSX.Element {
  const t = text.value.keys;
  const [list, setList] = useState<ApiKey[] | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const refused = (found: Refusal) => {
    if (found.code === "sign_in_needed") onGone();
    else setRefusal(found);
  };
  const read = async () => {
    const answer = await api.keys();
    if (answer.ok) setList(answer.value.keys.filter((key) => key.good));
    else refused(answer.refusal);
  };
  useEffect(() => void read(), []);
  const revoke = async (key: ApiKey) => {
    setRevoking(null);
    const answer = await api.revokeKey(key.number);
    if (!answer.ok) return refused(answer.refusal);
    toast(t.revoked(key.name));
    await read();
  };
  return (
    <section class="card stack" aria-labelledby="keys-title">
      <div class="stack tight">
        <h2 id="keys-title">{t.title}</h2>
        <p class="muted">{t.lead}</p>
        <p>
          <a href="/api/docs">{t.docs}</a>
        </p>
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {list && list.length > 0 && (
        <ul class="sign-ins">
          {list.map((key) => (
            <li key={key.number}>
              <div class="grow">
                <b class="block clip">{key.name}</b>
                <span class="small muted block">
                  <span class="mono">{key.scopes.join(" ")}</span> ·{" "}
                  {t.made(dateAndTime(key.made_ms, account.time_zone))}
                </span>
              </div>
              <Button
                size="small"
                aria-label={`${t.revoke}: ${key.name}`}
                onClick={() => setRevoking(key)}
              >
                {t.revoke}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {list?.length === 0 && <p class="muted">{t.none}</p>}
      <KeyForm
        account={account}
        onMade={() => void read()}
        onRefusal={(found) => (found ? refused(found) : setRefusal(null))}
      />
      {revoking && (
        <Dialog
          title={t.revokeTitle(revoking.name)}
          onClose={() => setRevoking(null)}
          footer={
            <Button kind="danger" onClick={() => void revoke(revoking)}>
              {t.revoke}
            </Button>
          }
        >
          <p class="muted">{t.revokeLead}</p>
        </Dialog>
      )}
    </section>
  );
}
