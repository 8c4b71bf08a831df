// Where the account is signed in, and ending it there.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type SignedIn } from "../api";
import type { Refusal } from "../boot";
import { dateAndTime, refusalSentence, text } from "../i18n";
import { Button, Notice } from "../ui/controls";
import { toast } from "../ui/toast";
import { browserName } from "./browser_name";

type Props = { zone: string | null; onGone: () => void };

/** The list of sign-ins. */
export function SignIns({ zone, onGone }: Props): JSX.Element {
  const t = text.value.account;
  const [list, setList] = useState<SignedIn[] | null>(null);
  const [ending, setEnding] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const refused = (found: Refusal) => {
    if (found.code === "sign_in_needed") onGone();
    else setRefusal(found);
  };
  const read = async () => {
    const answer = await api.signIns();
    if (!answer.ok) return refused(answer.refusal);
    const here = (one: SignedIn) => (one.current ? 0 : 1);
    setList(answer.value.sessions.sort((a, b) => here(a) - here(b)));
  };
  useEffect(() => void read(), []);
  const end = async (one: SignedIn | null) => {
    setEnding(one?.name ?? "");
    setRefusal(null);
    const answer = await api.endSignIns(one?.name ?? null);
    setEnding(null);
    if (!answer.ok) return refused(answer.refusal);
    if (one?.current) return onGone();
    toast(t.ended(answer.value.ended));
    await read();
  };
  return (
    <section class="card stack" aria-labelledby="sign-ins-title">
      <div class="stack tight">
        <h2 id="sign-ins-title">{t.signIns}</h2>
        <p class="muted">{t.signInsLead}</p>
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {list === null ? (
        !refusal && (
          <p class="row muted">
            <span class="spin" aria-hidden="true" />
            {text.value.ui.loading}
          </p>
        )
      ) : (
        <ul class="sign-ins">
          {list.map((one) => (
            <li key={one.name}>
              <div class="grow">
                <span class="row wrap">
                  <b>{browserName(one.browser) || t.someBrowser}</b>
                  {one.current && <span class="tag accent">{t.thisOne}</span>}
                </span>
                <span class="small muted block">
                  <span class="mono">{one.address}</span> · {t.used(dateAndTime(one.used_ms, zone))}
                </span>
              </div>
              {!one.current && (
                <Button
                  size="small"
                  busy={ending === one.name}
                  aria-label={`${t.end}: ${browserName(one.browser) || t.someBrowser}`}
                  onClick={() => void end(one)}
                >
                  {t.end}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {list && list.length > 1 && (
        <div class="row">
          <Button icon="leave" busy={ending === ""} onClick={() => void end(null)}>
            {t.endOthers}
          </Button>
        </div>
      )}
    </section>
  );
}
