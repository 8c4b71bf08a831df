// Who was in which session: of a meeting or of an account, shown and taken out as a file.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { dateAndTime, refusalSentence } from "../../i18n";
import { parseMeetingId, showMeetingId } from "../../model/id";
import { Button, Field, Notice, Select } from "../../ui/controls";
import { toast } from "../../ui/toast";
import { calls, type Report, type ReportOf } from "../calls";
import { Confirm } from "../confirm";
import { words } from "../words";

type Shown = { asked: ReportOf; report: Report };

/** The page. */
export function ReportsPage(): JSX.Element {
  const t = words.value.reports;
  const [kind, setKind] = useState<"meeting" | "account">("meeting");
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [shown, setShown] = useState<Shown | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [taking, setTaking] = useState<"csv" | "xlsx" | null>(null);
  const time = (value: string) => (value ? new Date(value).getTime() : null);
  const send = async (e: Event) => {
    e.preventDefault();
    const of =
      kind === "meeting" ? { meeting: parseMeetingId(typed) ?? typed } : { account: typed.trim() };
    const asked = { of, from_ms: time(from), to_ms: time(to) };
    setBusy(true);
    const answer = await calls.report(asked);
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    setShown(answer.ok ? { asked, report: answer.value } : null);
  };
  return (
    <>
      <p class="muted">{t.lead}</p>
      <form class="table-tools" onSubmit={(e) => void send(e)}>
        <Select
          label={t.of}
          value={kind}
          onValue={(value) => {
            setKind(value as "meeting" | "account");
            setTyped("");
          }}
        >
          <option value="meeting">{t.meeting}</option>
          <option value="account">{t.account}</option>
        </Select>
        <Field
          label={kind === "meeting" ? t.id : t.email}
          value={typed}
          onValue={setTyped}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={320}
          required
        />
        <Time label={t.from} value={from} onValue={setFrom} />
        <Time label={t.to} value={to} onValue={setTo} />
        <Button submit kind="primary" busy={busy}>
          {t.show}
        </Button>
      </form>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {!shown && !refusal && <p class="table-empty muted">{t.first}</p>}
      {shown && <Rows report={shown.report} />}
      {shown && (
        <div class="row wrap">
          <Button onClick={() => setTaking("csv")}>{t.csv}</Button>
          <Button onClick={() => setTaking("xlsx")}>{t.xlsx}</Button>
        </div>
      )}
      {shown && taking && (
        <Confirm
          title={taking === "csv" ? t.csv : t.xlsx}
          lead={t.exportLead}
          go={taking === "csv" ? t.csv : t.xlsx}
          reason="needed"
          act={(reason) => calls.takeOut(shown.asked, taking, reason)}
          onDone={() => {
            setTaking(null);
            toast(t.taken);
          }}
          onClose={() => setTaking(null)}
        />
      )}
    </>
  );
}

function Time(props: {
  label: string;
  value: string;
  onValue: (value: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        class="input"
        type="datetime-local"
        value={props.value}
        onInput={(e) => props.onValue(e.currentTarget.value)}
      />
    </div>
  );
}

function Rows({ report }: { report: Report }): JSX.Element {
  const t = words.value.reports;
  const roles = words.value.meetings.roles as Record<string, string>;
  if (report.rows.length === 0) return <p class="table-empty muted">{t.none}</p>;
  const columns = [t.name, t.where, t.role, t.joined, t.left, t.minutes, t.messages];
  return (
    <>
      <p role="status">{t.sum(report.sessions, report.rows.length, report.messages)}</p>
      {report.cut && <Notice tone="warm">{t.cut}</Notice>}
      <table class="table" role="table" aria-label={words.value.pages.reports}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((name) => (
              <th key={name} role="columnheader" scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {report.rows.map((row, at) => (
            <tr key={at} role="row">
              <td role="cell">
                <b class="block">{row.name}</b>
                {row.account && <span class="small muted">{row.account}</span>}
              </td>
              <td role="cell" data-label={t.where}>
                <span>
                  {row.topic}{" "}
                  <span class="small muted">
                    {showMeetingId(row.meeting)}, {t.session(row.session)}
                  </span>
                </span>
              </td>
              <td role="cell" data-label={t.role}>
                {roles[row.role] ?? row.role}
              </td>
              <td role="cell" data-label={t.joined}>
                {dateAndTime(row.joined_ms)}
              </td>
              <td role="cell" data-label={t.left}>
                {row.left_ms === null ? t.here : dateAndTime(row.left_ms)}
              </td>
              <td role="cell" data-label={t.minutes}>
                {row.minutes}
              </td>
              <td role="cell" data-label={t.messages}>
                {row.messages}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
