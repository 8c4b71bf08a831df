// What scripts decided, each with the question and the evidence it rests on.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { dateAndTime, refusalSentence } from "../../i18n";
import { parseMeetingId } from "../../model/id";
import { Button, Field, Notice, Switch } from "../../ui/controls";
import { calls, type Decision } from "../calls";
import { words } from "../words";
import { plain } from "./audit";
import { Part } from "./settings";

const wait_ms = 300;

/** The part of the page. */
export function Decisions(): JSX.Element {
  const t = words.value.policies;
  const [meeting, setMeeting] = useState("");
  const [differing, setDiffering] = useState(false);
  const [rows, setRows] = useState<Decision[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async (after: string | null) => {
    const asked: Record<string, string> = { limit: "25" };
    if (meeting.trim()) asked["meeting"] = parseMeetingId(meeting) ?? meeting.trim();
    if (differing) asked["differing"] = "1";
    if (after) asked["after"] = after;
    const answer = await calls.decisions(asked);
    setRefusal(answer.ok ? null : answer.refusal);
    if (!answer.ok) return;
    setRows([...(after ? (rows ?? []) : []), ...answer.value.rows]);
    setNext(answer.value.next);
  };
  useEffect(() => {
    const timer = setTimeout(() => void read(null), rows === null ? 0 : wait_ms);
    return () => clearTimeout(timer);
  }, [meeting, differing]);
  return (
    <Part id="decisions-title" title={t.decisions}>
      <div class="table-tools">
        <Field
          label={t.of}
          hint={t.ofHint}
          value={meeting}
          onValue={setMeeting}
          inputMode="numeric"
          autocomplete="off"
          maxLength={12}
        />
      </div>
      <Switch on={differing} onChange={setDiffering}>
        {t.differing}
      </Switch>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {rows?.length === 0 && next === null && <p class="muted">{t.none}</p>}
      {rows && rows.length > 0 && (
        <ol class="facts">
          {rows.map((one) => (
            <Told key={one.name} decision={one} />
          ))}
        </ol>
      )}
      {next !== null && (
        <div>
          <Button onClick={() => void read(next)}>{t.more}</Button>
        </div>
      )}
    </Part>
  );
}

function Told({ decision }: { decision: Decision }): JSX.Element {
  const t = words.value.policies;
  return (
    <li>
      <div class="row wrap">
        <b class="grow">
          {decision.hook}: <code>{decision.verdict}</code>
        </b>
        {decision.live !== null && <span class="tag warm">{t.trial}</span>}
        {decision.live !== null && <span class="tag">{t.live(decision.live)}</span>}
        {decision.fallback && <span class="tag warm">{t.fallback}</span>}
        <time class="small muted">{dateAndTime(decision.at_ms)}</time>
      </div>
      <details>
        <summary>{t.explain}</summary>
        <dl class="pairs small">
          <dt>{t.by}</dt>
          <dd>{decision.script ?? t.builtinRules}</dd>
          {decision.passed.length > 0 && <dt>{t.passed}</dt>}
          {decision.passed.length > 0 && <dd>{decision.passed.join(", ")}</dd>}
          <dt>{t.question}</dt>
          <dd>{plain(decision.question)}</dd>
          <dt>{t.evidence}</dt>
          <dd>
            {decision.evidence.length === 0
              ? t.noEvidence
              : decision.evidence.map((one, at) => (
                  <code key={at} class="block">
                    {one.call} = {one.answer}
                  </code>
                ))}
          </dd>
          {decision.why && <dt>{t.fallback}</dt>}
          {decision.why && <dd>{decision.why}</dd>}
          <dt>{t.took}</dt>
          <dd>{(decision.micros / 1000).toFixed(2)} ms</dd>
        </dl>
      </details>
    </li>
  );
}
