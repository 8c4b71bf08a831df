// How a meeting comes again: between what a form offers and the rules of RFC 5545 that are sent.

/** What the form offers. `other` is a rule that was made elsewhere and is kept as it is. */
export type Every = "never" | "day" | "weekday" | "week" | "fortnight" | "month" | "any" | "other";

/** The choices of the form. */
export type Repeat = {
  every: Every;
  /** How often, or nothing for without end. */
  count: number | null;
  /** The rule of `other`. */
  rule: string | null;
};

/** How many meetings a series may be given in the form. */
export const count_max = 500;

const parts: [Every, string][] = [
  ["day", "FREQ=DAILY"],
  ["weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
  ["week", "FREQ=WEEKLY"],
  ["fortnight", "FREQ=WEEKLY;INTERVAL=2"],
  ["month", "FREQ=MONTHLY"],
];

/** The rule of a choice; nothing for once, and for whenever the host likes. */
export function ruleOf(repeat: Repeat): string | null {
  if (repeat.every === "other") return repeat.rule;
  const base = parts.find(([every]) => every === repeat.every)?.[1];
  if (base === undefined) return null;
  return repeat.count === null ? base : `${base};COUNT=${repeat.count}`;
}

/** The choice of a meeting that is there. */
export function repeatOf(rule: string | null, timed: boolean, recurring: boolean): Repeat {
  if (!timed) return { every: recurring ? "any" : "never", count: null, rule: null };
  if (rule === null) return { every: "never", count: null, rule: null };
  const counted = /^(.*);COUNT=(\d+)$/.exec(rule);
  const base = counted?.[1] ?? rule;
  const every = parts.find(([, known]) => known === base)?.[0];
  if (every === undefined) return { every: "other", count: null, rule };
  return { every, count: counted ? Number(counted[2]) : null, rule: null };
}
