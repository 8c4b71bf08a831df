// A table whose filter, order and pages are the server's work: it shows a page of 100,000 rows as
// quickly as one of ten.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Notice, Select } from "../ui/controls";
import { Icon } from "../ui/icons";
import type { Answer } from "../api";
import { table, type Page } from "./calls";
import type { Wanted } from "./short_list";
import { words } from "./words";

/** A column; one with `sort` can be sorted by. */
export type Column<T> = {
  name: string;
  sort?: string;
  cell: (row: T) => ComponentChildren;
  end?: boolean;
};

type Props<T> = {
  /** What it is a table of. */
  label: string;
  /** Where its pages come from: a list of the console, or something that answers as one does. */
  path: string | ((asked: Wanted) => Promise<Answer<Page<T>>>);
  /** Asked for besides. */
  query?: Record<string, string>;
  columns: Column<T>[];
  id: (row: T) => string | number;
  /** The column it is sorted by at first; with `-` the largest comes first. */
  sort: string;
  /** What is said when there is nothing. */
  empty: string;
  /** Stands left of the filter. */
  tools?: ComponentChildren;
  /** Read again when this changes. */
  round?: number;
};

const wait_ms = 250;
const rows_of_a_page = 25;

/** The table. */
export function Table<T>(props: Props<T>): JSX.Element {
  const t = words.value.table;
  const id = useId();
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState("");
  const [sort, setSort] = useState(props.sort);
  // Where each page up to this one began.
  const [places, setPlaces] = useState<(string | null)[]>([null]);
  const [shown, setShown] = useState<Page<T> | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const query = JSON.stringify(props.query ?? {});
  const start = () => setPlaces([null]);
  useEffect(() => {
    if (typed === filter) return;
    const timer = setTimeout(() => {
      setFilter(typed);
      start();
    }, wait_ms);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(start, [query]);
  useEffect(() => {
    let over = false;
    const asked = { q: filter, sort, after: places.at(-1) ?? null, limit: rows_of_a_page };
    const read =
      typeof props.path === "string"
        ? table<T>(props.path, { ...props.query, ...asked })
        : props.path(asked);
    void read.then((answer) => {
      if (over) return;
      setRefusal(answer.ok ? null : answer.refusal);
      if (answer.ok) setShown(answer.value);
    });
    return () => {
      over = true;
    };
  }, [typeof props.path === "string" ? props.path : "", query, filter, sort, places, props.round]);
  const by = (column: string) => {
    setSort(sort === column ? `-${column}` : column);
    start();
  };
  const state = (column: string | undefined) =>
    column === undefined
      ? undefined
      : sort === column
        ? "ascending"
        : sort === `-${column}`
          ? "descending"
          : "none";
  return (
    <div class="stack">
      <div class="table-tools">
        {props.tools}
        <div class="field table-filter">
          <label for={id}>{t.filter}</label>
          <input
            id={id}
            class="input"
            type="search"
            value={typed}
            maxLength={100}
            autocomplete="off"
            onInput={(e) => setTyped(e.currentTarget.value)}
          />
        </div>
        <div class="table-sort">
          <Select
            label={t.sortBy}
            value={sort}
            onValue={(value) => {
              setSort(value);
              start();
            }}
          >
            {props.columns
              .filter((column) => column.sort)
              .flatMap((column) => [
                <option key={column.sort} value={column.sort}>
                  {`${column.name}, ${t.up}`}
                </option>,
                <option key={`-${column.sort}`} value={`-${column.sort}`}>
                  {`${column.name}, ${t.down}`}
                </option>,
              ])}
          </Select>
        </div>
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {shown === null && !refusal && (
        <p class="row muted" role="status">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      )}
      {shown && shown.rows.length === 0 && (
        <p class="table-empty muted">{filter === "" ? props.empty : t.nothingFits}</p>
      )}
      {shown && shown.rows.length > 0 && (
        <table class="table" role="table" aria-label={props.label}>
          <thead role="rowgroup">
            <tr role="row">
              {props.columns.map((column) => (
                <th
                  key={column.name}
                  role="columnheader"
                  scope="col"
                  aria-sort={state(column.sort)}
                  class={column.end ? "end" : ""}
                >
                  {column.sort ? (
                    <button type="button" onClick={() => by(column.sort ?? "")}>
                      {column.name}
                      <span class="arrow" aria-hidden="true">
                        {sort === column.sort ? "↑" : sort === `-${column.sort}` ? "↓" : ""}
                      </span>
                    </button>
                  ) : (
                    column.name
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.rows.map((row) => (
              <tr key={props.id(row)} role="row" data-row={props.id(row)}>
                {props.columns.map((column, at) => (
                  <td
                    key={column.name}
                    role="cell"
                    data-label={at === 0 ? undefined : column.name}
                    class={column.end ? "end" : ""}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown && (shown.total > 0 || places.length > 1) && (
        <div class="table-foot">
          <span class="muted small" role="status">
            {t.total(shown.total)} · {t.page(places.length)}
          </span>
          <span class="grow" />
          <Button
            size="small"
            disabled={places.length === 1}
            onClick={() => setPlaces(places.slice(0, -1))}
          >
            {t.previous}
          </Button>
          <Button
            size="small"
            disabled={shown.next === null}
            onClick={() => setPlaces([...places, shown.next])}
          >
            {t.next}
          </Button>
        </div>
      )}
    </div>
  );
}

/** The menu button of a row. */
export function Dots(): JSX.Element {
  return <Icon name="more" />;
}
