// Who was in which session: of a meeting or of an account, shown and taken out as a file.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence } from "../../i18n";
import { parseMeetingId } from "../../model/id";
import { Button, Field, Notice, Select } from "../../ui/controls";
import { toast } from "../../ui/toast";
import { calls, type About, type Report, type ReportOf } from "../calls";
import { Confirm } from "../confirm";
import { words } from "../words";
import { ReportTable } from "./report_table";

const abouts: About[] = ["attendance", "sessions", "recordings"];

type Shown = { asked: ReportOf; report: Report };

/** The page. */
export function ReportsPage(): JSX.Element {
  const t = words.value.reports;
  const [kind, setKind] = useState<"meeting" | "account">("meeting");
  const [about, setAbout] = useState<About>("attendance");
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [shown, setShown] = useState<Shown | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  /** What the refusal is about; another may have been chosen since. */
  const [refused, setRefused] = useState<"meeting" | "account">("meeting");
  const [taking, setTaking] = useState<"csv" | "xlsx" | null>(null);
  const time = (value: string) => (value ? new Date(value).getTime() : null);
  const send = async (e: Event) => {
    e.preventDefault();
    const of =
      kind === "meeting" ? { meeting: parseMeetingId(typed) ?? typed } : { account: typed.trim() };
    const asked = { of, about, from_ms: time(from), to_ms: time(to) };
    setBusy(true);
    const answer = await calls.report(asked);
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    setRefused(kind);
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
        <Select label={t.about} value={about} onValue={(value) => setAbout(value as About)}>
          {abouts.map((one) => (
            <option key={one} value={one}>
              {t.abouts[one]}
            </option>
          ))}
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
      {refusal && (
        <Notice tone="bad">
          {refusal.code === "not_found" ? t.nobody[refused] : refusalSentence(refusal)}
        </Notice>
      )}
      {!shown && !refusal && <p class="table-empty muted">{t.first}</p>}
      {shown && <ReportTable report={shown.report} />}
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
