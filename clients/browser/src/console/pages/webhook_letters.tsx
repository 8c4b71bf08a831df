// Events that a webhook did not take and that were given up: each can be told after all.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../../api";
import type { Refusal } from "../../boot";
import { dateAndTime, refusalSentence } from "../../i18n";
import { Button, Notice } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { webhooks, type Letter, type Sent, type Webhook } from "../programs";
import { words } from "../words";
import { Came } from "./webhooks";

/** The dialog. */
export function DeadLetters(props: { hook: Webhook; onClose: () => void }): JSX.Element {
  const { hook } = props;
  const t = words.value.webhooks;
  const [list, setList] = useState<Letter[] | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState("");
  const [came, setCame] = useState<{ event: string; sent: Answer<Sent> } | null>(null);
  const read = async () => {
    const answer = await webhooks.dead(hook.number);
    setRefusal(answer.ok ? null : answer.refusal);
    if (answer.ok) setList(answer.value.dead);
  };
  useEffect(() => void read(), []);
  const redeliver = async (event: string) => {
    setBusy(event);
    const sent = await webhooks.redeliver(hook.number, event);
    setBusy("");
    setCame({ event, sent });
    await read();
  };
  return (
    <Dialog title={`${t.deadTitle}: ${hook.url}`} onClose={props.onClose} wide>
      <div class="stack">
        <p class="muted">{t.deadLead}</p>
        {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        <div role="status">{came && <Came sent={came.sent} />}</div>
        {list?.length === 0 && <p class="muted">{t.noDead}</p>}
        <ul class="facts">
          {list?.map((letter) => (
            <li key={letter.event}>
              <div class="row wrap">
                <b class="mono small grow url">{letter.event}</b>
                <Button
                  size="small"
                  busy={busy === letter.event}
                  disabled={busy !== ""}
                  aria-label={`${t.redeliver}: ${letter.event}`}
                  onClick={() => void redeliver(letter.event)}
                >
                  {t.redeliver}
                </Button>
              </div>
              <span class="small muted block">
                {t.givenUp(dateAndTime(letter.given_up_ms), letter.attempts)}
              </span>
              <span class="small block">{letter.why}</span>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
