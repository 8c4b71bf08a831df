// The form that makes a key for the account that is signed in, and shows it once.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, seesConsole, type Account } from "../api";
import type { Refusal } from "../boot";
import { text } from "../i18n";
import { Button, Field, Switch } from "../ui/controls";
import { ShownOnce } from "../ui/shown_once";

/** What a key can be good for; whoever looks over the server reads more, administrators do more. */
const everyday = ["meetings:read", "meetings:write"] as const;
const lookingOver = ["events:read", "admin:read"] as const;
const administering = ["admin:write"] as const;

type Props = {
  account: Account;
  /** A key was made. */
  onMade: () => void;
  /** Nothing, or why none was made. */
  onRefusal: (refusal: Refusal | null) => void;
};

/** The form. */
export function KeyForm({ account, onMade, onRefusal }: Props): JSX.Element {
  const t = text.value.keys;
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([...everyday]);
  const [made, setMade] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const make = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    onRefusal(null);
    const answer = await api.makeKey(name.trim(), scopes);
    setBusy(false);
    if (!answer.ok) return onRefusal(answer.refusal);
    setMade(answer.value.key);
    setName("");
    onMade();
  };
  const offered = [
    ...everyday,
    ...(seesConsole(account) ? lookingOver : []),
    ...(account.administrator ? administering : []),
  ];
  return (
    <>
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
        <ShownOnce
          title={t.madeTitle}
          lead={t.madeLead}
          copy={t.copy}
          shown={made}
          onClose={() => setMade(null)}
        />
      )}
    </>
  );
}
