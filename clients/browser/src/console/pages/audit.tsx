// Who did what: the facts of the site, by what they are about, by whom and when.
import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { dateAndTime, refusalSentence, text } from "../../i18n";
import { Button, Notice, Select } from "../../ui/controls";
import { calls, type Fact } from "../calls";
import { words } from "../words";

const wait_ms = 300;

/** The page. */
export function AuditPage(): JSX.Element {
  const t = words.value.audit;
  const [kind, setKind] = useState("deeds");
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [rows, setRows] = useState<Fact[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const asked = (): Record<string, string> => {
    const all: Record<string, string> = { limit: "50" };
    if (kind) all["kind"] = kind;
    if (typed.trim()) all["q"] = typed.trim();
    if (from) all["from_ms"] = String(new Date(from).getTime());
    if (to) all["to_ms"] = String(new Date(to).getTime());
    return all;
  };
  const read = async (after: string | null) => {
    setBusy(true);
    const answer = await calls.audit(after === null ? asked() : { ...asked(), after });
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    if (!answer.ok) return;
    const before = after === null ? [] : (rows ?? []);
    setRows([...before, ...answer.value.rows]);
    setNext(answer.value.next);
  };
  useEffect(() => {
    const timer = setTimeout(() => void read(null), rows === null ? 0 : wait_ms);
    return () => clearTimeout(timer);
  }, [kind, typed, from, to]);
  return (
    <>
      <p class="muted">{t.lead}</p>
      <div class="table-tools">
        <Select label={t.kind} value={kind} onValue={setKind}>
          <option value="">{t.all}</option>
          {Object.entries(t.kinds).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </Select>
        <Line label={words.value.table.filter} type="search" value={typed} onValue={setTyped} />
        <Line label={t.from} type="datetime-local" value={from} onValue={setFrom} />
        <Line label={t.to} type="datetime-local" value={to} onValue={setTo} />
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {rows === null && !refusal && (
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      )}
      {rows?.length === 0 && next === null && <p class="table-empty muted">{t.none}</p>}
      {rows && rows.length > 0 && (
        <ol class="facts card">
          {rows.map((fact) => (
            <Told key={fact.seq} fact={fact} />
          ))}
        </ol>
      )}
      {rows && (
        <div class="table-foot">
          {next === null ? (
            <span class="muted small">{rows.length > 0 && t.end}</span>
          ) : (
            <Button busy={busy} onClick={() => void read(next)}>
              {t.more}
            </Button>
          )}
        </div>
      )}
    </>
  );
}

function Line(props: {
  label: string;
  type: "search" | "datetime-local";
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
        {...(props.type === "search" ? { type: "search" } : { type: "datetime-local" })}
        value={props.value}
        maxLength={100}
        autocomplete="off"
        onInput={(e) => props.onValue(e.currentTarget.value)}
      />
    </div>
  );
}

/** A value on one line: what is within is told by its names. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([name, inner]) => `${name}: ${plain(inner)}`)
      .join("; ");
  return String(value);
}

/** What a deed was done to: the server, or one thing by its number. */
function subject(on: unknown): string {
  const named: Record<string, string> = words.value.audit.subjects;
  if (typeof on === "string") return named[on] ?? on;
  if (typeof on !== "object" || on === null) return plain(on);
  return Object.entries(on)
    .map(([name, value]) => `${named[name] ?? name} ${plain(value)}`)
    .join("; ");
}

function Told({ fact }: { fact: Fact }): JSX.Element {
  const t = words.value.audit;
  const deed = fact.kind === "deeds";
  const act = String(fact.fact["act"] ?? "");
  const what = deed ? ((t.acts as Record<string, string>)[act] ?? act) : fact.name;
  const details = deed
    ? [
        ["", subject(fact.fact["on"])],
        [t.before, plain(fact.fact["before"])],
        [t.after, plain(fact.fact["after"])],
        [t.reason, plain(fact.fact["reason"])],
        [t.address, plain(fact.fact["from"])],
      ]
    : Object.entries(fact.fact).map(([name, value]) => [name, plain(value)]);
  return (
    <li>
      <div class="row wrap">
        <b class="grow">
          {fact.by ?? (fact.by_number === 0 ? t.server : `#${fact.by_number}`)}{" "}
          <span class={deed ? "" : "mono"}>{what}</span>
        </b>
        <time class="small muted">{dateAndTime(fact.at_ms)}</time>
        <span class="small muted">{t.number(fact.seq)}</span>
      </div>
      <p class="small fact-details">
        {details
          .filter(([, value]) => value !== "")
          .map(([name, value], at) => (
            <span key={at}>
              {name && <span class="muted">{name}: </span>}
              {value}
            </span>
          ))}
      </p>
    </li>
  );
}
