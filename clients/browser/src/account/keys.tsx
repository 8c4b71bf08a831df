// Keys by which programs act for this account: made, shown once, revoked.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, seesConsole, type Account, type ApiKey } from "../api";
import type { Refusal } from "../boot";
import { dateAndTime, refusalSentence, text } from "../i18n";
import { Button, Field, Notice, Switch } from "../ui/controls";
import { copyWords } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { toast } from "../ui/toast";

type Props = { account: Account; onGone: () => void };

/** What a key can be good for; whoever looks over the server reads more, administrators do more. */
const everyday = ["meetings:read", "meetings:write"] as const;
const lookingOver = ["events:read", "admin:read"] as const;
const administering = ["admin:write"] as const;

/** The list of keys that open something, and the form for another one. */
export function Keys({ account, onGone }: Props): JSX.Element {
  const t = text.value.keys;
  const [list, setList] = useState<ApiKey[] | null>(null);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([...everyday]);
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const [busy, setBusy] = useState(false);
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
  const make = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.makeKey(name.trim(), scopes);
    setBusy(false);
    if (!answer.ok) return refused(answer.refusal);
    setMade(answer.value.key);
    setName("");
    await read();
  };
  const revoke = async (key: ApiKey) => {
    setRevoking(null);
    const answer = await api.revokeKey(key.number);
    if (!answer.ok) return refused(answer.refusal);
    toast(t.revoked(key.name));
    await read();
  };
  const offered = [
    ...everyday,
    ...(seesConsole(account) ? lookingOver : []),
    ...(account.administrator ? administering : []),
  ];
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
      <form class="stack" onSubmit={(e) => void make(e)}>
        <Field
          label={t.name}
          value={name}
          onValue={setName}
          placeholder={t.nameHolder}
          maxLength={80}
          autocomplete="off"
          required
        />
        <div class="stack tight" role="group" aria-label={t.scopes}>
          {offered.map((scope) => (
            <Switch
              key={scope}
              on={scopes.includes(scope)}
              onChange={(on) =>
                setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))
              }
            >
              {t.scope[scope]}
            </Switch>
          ))}
        </div>
        <div class="row">
          <Button submit icon="plus" busy={busy} disabled={scopes.length === 0}>
            {t.make}
          </Button>
        </div>
      </form>
      {made !== null && (
        <Dialog
          title={t.madeTitle}
          onClose={() => setMade(null)}
          footer={
            <Button kind="primary" icon="copy" autofocus onClick={() => void copyWords(made)}>
              {t.copy}
            </Button>
          }
        >
          <p class="muted">{t.madeLead}</p>
          <pre class="invitation mono" tabIndex={0}>
            {made}
          </pre>
        </Dialog>
      )}
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
