// The rows of a report, by what they are about: a page shows what a file of it holds.
import type { ComponentChildren, JSX } from "preact";
import { dateAndTime } from "../../i18n";
import { showMeetingId } from "../../model/id";
import { Notice } from "../../ui/controls";
import type { Attendance, Held, Report, Shared } from "../calls";
import { bytes, words } from "../words";

type Column<T> = { name: string; cell: (row: T) => ComponentChildren };

/** What the rows sum up to, and the rows. */
export function ReportTable({ report }: { report: Report }): JSX.Element {
  const t = words.value.reports;
  return (
    <>
      <p role="status">
        {t.sum(report.sessions, report.rows.length, report.messages)} ·{" "}
        {t.recorded(bytes(report.recorded_bytes))}
      </p>
      {report.cut && <Notice tone="warm">{t.cut}</Notice>}
      {report.about === "recordings" && <p class="muted small">{t.noFiles}</p>}
      {report.rows.length === 0 ? (
        <p class="table-empty muted">{t.nothing[report.about]}</p>
      ) : (
        <Rows report={report} />
      )}
    </>
  );
}

function Rows({ report }: { report: Report }): JSX.Element {
  switch (report.about) {
    case "attendance":
      return <Grid columns={attendance()} rows={report.rows} />;
    case "sessions":
      return <Grid columns={sessions()} rows={report.rows} />;
    case "recordings":
      return <Grid columns={recordings()} rows={report.rows} />;
  }
}

function Grid<T>({ columns, rows }: { columns: Column<T>[]; rows: T[] }): JSX.Element {
  return (
    <table class="table" role="table" aria-label={words.value.pages.reports}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name }) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, at) => (
          <tr key={at} role="row">
            {columns.map(({ name, cell }, column) => (
              <td key={name} role="cell" data-label={column === 0 ? undefined : name}>
                <span>{cell(row)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const when = (ms: number | null): string =>
  ms === null ? words.value.reports.here : dateAndTime(ms);

const person = (row: { name: string; account: string | null }): JSX.Element => (
  <>
    <b class="block">{row.name}</b>
    {row.account && <span class="small muted">{row.account}</span>}
  </>
);

const where = (row: { topic: string; meeting: string; session: number }): JSX.Element => (
  <>
    {row.topic}{" "}
    <span class="small muted">
      <span class="whole">{showMeetingId(row.meeting)}</span>,{" "}
      {words.value.reports.session(row.session)}
    </span>
  </>
);

function attendance(): Column<Attendance>[] {
  const t = words.value.reports;
  const roles = words.value.meetings.roles as Record<string, string>;
  return [
    { name: t.name, cell: person },
    { name: t.where, cell: where },
    { name: t.role, cell: (row) => roles[row.role] ?? row.role },
    { name: t.joined, cell: (row) => dateAndTime(row.joined_ms) },
    { name: t.left, cell: (row) => when(row.left_ms) },
    { name: t.minutes, cell: (row) => row.minutes },
    { name: t.messages, cell: (row) => row.messages },
  ];
}

function sessions(): Column<Held>[] {
  const t = words.value.reports;
  return [
    { name: t.where, cell: where },
    { name: t.host, cell: (row) => row.host ?? words.value.none },
    { name: t.started, cell: (row) => dateAndTime(row.started_ms) },
    { name: t.ended, cell: (row) => (row.ended_ms === null ? t.goesOn : when(row.ended_ms)) },
    { name: t.minutes, cell: (row) => row.minutes },
    { name: t.people, cell: (row) => t.peopleOf(row.attendances, row.at_once) },
    { name: t.messages, cell: (row) => row.messages },
    { name: t.shared, cell: (row) => row.shared },
    {
      name: t.recording,
      cell: (row) => (
        <>
          {row.recorded_bytes === 0 ? t.notRecorded : bytes(row.recorded_bytes)}
          {row.missing_seconds > 0 && (
            <span class="small block wrong">{t.missing(row.missing_seconds)}</span>
          )}
        </>
      ),
    },
  ];
}

function recordings(): Column<Shared>[] {
  const t = words.value.reports;
  const kinds = t.kinds as Record<string, string>;
  return [
    { name: t.name, cell: person },
    { name: t.kind, cell: (row) => kinds[row.kind] ?? row.kind },
    { name: t.where, cell: where },
    { name: t.opened, cell: (row) => dateAndTime(row.opened_ms) },
    { name: t.minutes, cell: (row) => row.minutes },
    {
      name: t.form,
      cell: (row) => (
        <>
          {row.width > 0 && `${row.width} × ${row.height} `}
          <span class="small muted mono">{row.codec}</span>
        </>
      ),
    },
    {
      name: t.size,
      cell: (row) =>
        row.bytes === null ? t.sizeUnknown : row.bytes === 0 ? t.notRecorded : bytes(row.bytes),
    },
  ];
}
