// What of the console is plain reckoning: short lists, and the families of events that are offered.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { families } from "../src/console/programs";
import type { Page } from "../src/console/calls";
import { pageOf } from "../src/console/short_list";

describe("a short list", () => {
  const rows = Array.from({ length: 60 }, (_, n) => ({ n, name: `Row ${(n * 7) % 60}` }));
  const reading = {
    texts: (row: { name: string }) => [row.name],
    keys: { n: (row: { n: number }) => row.n, name: (row: { name: string }) => row.name },
  };
  const all = (q: string, sort: string) => {
    const seen: number[] = [];
    let after: string | null = null;
    do {
      const page: Page<(typeof rows)[number]> = pageOf(
        rows,
        { q, sort, after, limit: 25 },
        reading,
      );
      seen.push(...page.rows.map((row) => row.n));
      after = page.next;
    } while (after !== null);
    return seen;
  };

  it("is cut into pages that hold each row once, in both orders", () => {
    const up = Array.from({ length: 60 }, (_, n) => n);
    expect(all("", "n")).toEqual(up);
    expect(all("", "-n")).toEqual([...up].reverse());
  });

  it("is filtered whatever the case, and says how many fit", () => {
    expect(pageOf(rows, { q: " ROW 5", sort: "n", after: null, limit: 25 }, reading).total).toBe(
      11,
    );
    expect(all("row 59", "n")).toHaveLength(1);
    expect(all("nothing like it", "n")).toEqual([]);
  });
});

describe("the families of events that are offered", () => {
  it("are those that there are", () => {
    const manual = join(import.meta.dirname, "../../../docs/API-EVENTS.md");
    const words = [...readFileSync(manual, "utf8").matchAll(/^\| `([a-z]+)\.[a-z_]+`/gm)];
    const known = new Set(words.map((found) => found[1]));
    expect(known.size).toBeGreaterThan(10);
    expect([...families].sort()).toEqual([...known].sort());
  });
});
