// The calls about programs: webhooks, which are told of events. Keys have their calls in `api.ts`.
import { call } from "../api";

/** Who is told of events, and how that fares. */
export type Webhook = {
  number: number;
  url: string;
  events: string[];
  description: string | null;
  enabled: boolean;
  added_ms: number;
  /** Events that were given up. */
  dead: number;
  delivery: {
    cursor: string | null;
    /** Facts behind its place, told or not; nothing before it has begun. */
    behind: number | null;
    failures: number;
    why: string | null;
    retry_at_ms: number | null;
    taken_ms: number | null;
  };
};

/** A webhook to be. */
export type WebhookWanted = { url: string; events: string[]; description: string | null };

/** An event that was given up. */
export type Letter = {
  event: string;
  stream: string;
  attempts: number;
  why: string;
  given_up_ms: number;
};

/** What came of a call. */
export type Sent = { taken: boolean; status?: number; why?: string };

const base = "/api/v1/webhooks";

export const webhooks = {
  all: () => call<{ webhooks: Webhook[] }>("GET", base),
  /** The secret is told this one time. */
  add: (wanted: WebhookWanted, reason: string) =>
    call<Webhook & { secret: string }>("POST", base, { ...wanted, reason }),
  change: (
    number: number,
    change: Partial<WebhookWanted> & { enabled?: boolean },
    reason: string,
  ) => call<Webhook>("PATCH", `${base}/${number}`, { ...change, reason }),
  remove: (number: number, reason: string) =>
    call<unknown>("DELETE", `${base}/${number}`, { reason }),
  rotate: (number: number, reason: string) =>
    call<{ secret: string }>("POST", `${base}/${number}/rotate`, { reason }),
  test: (number: number) => call<Sent>("POST", `${base}/${number}/test`),
  retry: (number: number) => call<Webhook>("POST", `${base}/${number}/retry`),
  dead: (number: number) => call<{ dead: Letter[] }>("GET", `${base}/${number}/dead`),
  redeliver: (number: number, event: string) =>
    call<Sent>("POST", `${base}/${number}/dead/${event}`),
};

/** What a pattern may be made of: every family of events, in the order they are offered in. */
export const families = [
  "meeting",
  "session",
  "participant",
  "recording",
  "track",
  "chat",
  "account",
  "group",
  "key",
  "administrator",
  "settings",
  "connection",
  "policy",
  "webhook",
  "alarm",
  "server",
  "log",
] as const;

/** A family of events. */
export type Family = (typeof families)[number];
