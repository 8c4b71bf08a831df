// Lists that are short and come as a whole: filtered, sorted and cut into pages here, so that a
// table shows them as it shows the long ones.
import type { Page } from "./calls";

/** What of a table is asked for. */
export type Wanted = { q: string; sort: string; after: string | null; limit: number };

/** What rows of a short list are found and sorted by. */
export type Reading<T> = {
  /** Texts that are looked through. */
  texts: (row: T) => string[];
  /** By the name of a column, what it is sorted by. */
  keys: Record<string, (row: T) => string | number>;
};

/** The page of these rows. */
export function pageOf<T>(rows: T[], wanted: Wanted, reading: Reading<T>): Page<T> {
  const q = wanted.q.trim().toLowerCase();
  const fit = rows.filter((row) =>
    reading.texts(row).some((text) => text.toLowerCase().includes(q)),
  );
  const down = wanted.sort.startsWith("-");
  const key = reading.keys[wanted.sort.replace(/^-/, "")];
  if (key)
    fit.sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      const order =
        typeof left === "number" && typeof right === "number"
          ? left - right
          : String(left).localeCompare(String(right));
      return down ? -order : order;
    });
  const from = Number(wanted.after ?? 0) || 0;
  const to = from + wanted.limit;
  return {
    rows: fit.slice(from, to),
    total: fit.length,
    next: to < fit.length ? String(to) : null,
  };
}
