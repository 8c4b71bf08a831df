// The calls of the console: the same that programs make, one function for each.
import { download } from "./download";
import { call, type Answer, type Privilege } from "../api";

/** One page of a table. */
export type Page<T> = { rows: T[]; total: number; next: string | null };

/** How the server is now. */
export type Overview = {
  now_ms: number;
  version: string;
  sessions: number;
  participants: number;
  /** Another one when the list of what goes on reads differently. */
  active: string;
  largest: { id: string; topic: string; host: string | null; here: number; locked: boolean }[];
  meetings: { all: number; planned: number; cancelled: number };
  accounts: { all: number; enabled: number };
  totals: {
    facts: number;
    joins: number;
    media_bytes: number;
    sent_bytes: number;
    connections: number;
  };
  disk: { free_bytes: number; all_bytes: number } | null;
  writable: boolean;
  caught_up: boolean;
  /** What is to be done about the certificate; nothing while all is well. */
  certificate: {
    state: "ends" | "ended" | "not_yet";
    days: number | null;
    begins_ms: number;
    ends_ms: number;
    own: boolean;
  } | null;
  log: { epoch: number; entries: number; root: string } | null;
  alarms: {
    seq: number;
    at_ms: number;
    kind: "many_failures" | "many_failures_from" | "new_administrator" | "break_glass";
    account: string | null;
    failures: number | null;
    from: string | null;
  }[];
};

/** Which meetings. */
export type List = "active" | "scheduled" | "past" | "cancelled";

/** A meeting, whoever holds it. */
export type Meeting = {
  id: string;
  topic: string;
  type: number;
  host: string;
  list: List;
  here: number;
  locked: boolean;
  sessions: number;
  has_password: boolean;
  created_ms: number;
  cancelled_ms: number | null;
  starts_ms: number | null;
  plan: { public?: boolean; recurring?: boolean } | null;
};

/** Who is in a meeting. */
export type Look = {
  topic: string;
  started_ms: number;
  locked: boolean;
  recording: boolean;
  messages: number;
  people: { name: string; role: string; since_ms: number; away: boolean; muted: boolean }[];
  lobby: { name: string; since_ms: number }[];
};

/** An account, for whoever administers. */
export type Known = {
  id: number;
  email: string;
  name: string;
  enabled: boolean;
  administrator: boolean;
  codes: boolean;
  own: Privilege[];
  privileges: Privilege[];
  groups: { id: number; name: string }[];
  time_zone: string | null;
  known_elsewhere: string | null;
  sign_ins?: number;
  meetings?: number;
};

/** A group. */
export type Group = { id: number; name: string; privileges: Privilege[]; members: number };

/** How meetings are reached by telephone. */
export type Telephone = {
  numbers: { number: string; country?: string | null; toll_free: boolean }[];
  meeting_id_is_code: boolean;
  draw_codes: boolean;
};

/** A certificate, for people to read. */
export type Certificate = {
  subject: string;
  names: string[];
  issuer: string;
  begins_ms: number;
  ends_ms: number;
  fingerprint: string;
};

/** What is set here, and what the settings file says. */
export type Configured = {
  settings: {
    branding: { name?: string; welcome?: string; colour?: string };
    telephone: Partial<Pick<Telephone, "numbers">> & Omit<Telephone, "numbers">;
    publishing: { off: boolean; title?: string; frame_ancestors?: string[] };
    limits: { rooms: number; participants: number };
    integration: { has_code: boolean; changes: number };
  };
  address: string;
  config: {
    legacy_doors: "allow" | "warn" | "refuse";
    participants_max: number;
    administrators_need_codes: boolean;
    mail: boolean;
    certificate: {
      own: boolean;
      fingerprint: string;
      /** Where it lies on the server. */
      file: string;
      details: Certificate | null;
    } | null;
  };
};

/** A fact of the site. */
export type Fact = {
  seq: number;
  at_ms: number;
  by: string | null;
  by_number: number;
  kind: string;
  name: string;
  fact: Record<string, unknown>;
};

/** Somebody in a session. */
export type Attendance = {
  meeting: string;
  topic: string;
  session: number;
  name: string;
  role: string;
  account: string | null;
  joined_ms: number;
  left_ms: number | null;
  minutes: number;
  messages: number;
};

/** A session that was held. */
export type Held = {
  meeting: string;
  topic: string;
  session: number;
  started_ms: number;
  ended_ms: number | null;
  host: string | null;
  minutes: number;
  attendances: number;
  at_once: number;
  messages: number;
  shared: number;
  recorded_bytes: number;
  missing_seconds: number;
};

/** A screen, camera or microphone that was shared. */
export type Shared = {
  meeting: string;
  topic: string;
  session: number;
  kind: string;
  name: string;
  account: string | null;
  opened_ms: number;
  closed_ms: number | null;
  minutes: number;
  width: number;
  height: number;
  codec: string;
  /** Of the recording; nothing when the file cannot be read. */
  bytes: number | null;
};

/** What a report is about. */
export type About = "attendance" | "sessions" | "recordings";

/** What is told of all rows together. */
type Sum = { sessions: number; messages: number; recorded_bytes: number; cut: boolean };

/** A report. */
export type Report = Sum &
  (
    | { about: "attendance"; rows: Attendance[] }
    | { about: "sessions"; rows: Held[] }
    | { about: "recordings"; rows: Shared[] }
  );

/** What a report is of. */
export type ReportOf = {
  of: { meeting: string } | { account: string };
  about: About;
  from_ms: number | null;
  to_ms: number | null;
};

/** Scripts by hook. */
export type Chains = Record<string, { name: string; sha256: string }[]>;

/** What answers, and did before. */
export type Policies = {
  version: number;
  live: Chains;
  trial: Chains;
  decisions?: number;
  fallbacks?: number;
  /** Why the files as they are now do not answer. */
  refused?: string;
  versions: { version: number; live: Chains; trial: Chains }[];
};

/** What a script decided, and on what evidence. */
export type Decision = {
  name: string;
  at_ms: number;
  hook: string;
  policy: string;
  script: string | null;
  passed: string[];
  question: unknown;
  verdict: string;
  live: string | null;
  fallback: boolean;
  why: string | null;
  evidence: { call: string; answer: string; micros: number }[];
  operations: number;
  micros: number;
};

/** What came of trying a sign-in. */
export type Verdict = {
  outcome: "allowed" | "denied" | "failed" | "answered";
  said: string;
  code: string;
  values: string[];
  steps: { what: string; detail: string; code: string | null; values: string[]; micros: number }[];
  profile: { name: string; value: string }[];
};

/** What is at the other end of a connection. */
export type Kind = "callback" | "http" | "ldap" | "bridge" | "mail";

/** A connection to another server, without its password. */
export type Connection = {
  kind: Kind;
  name: string;
  source: "file" | "console";
  shadowed: boolean;
  settings: Record<string, unknown>;
  has_secret: boolean;
  problem: string | null;
};

/** A connection to be. */
export type ConnectionAsked = {
  settings: Record<string, unknown>;
  secret: string | null;
  draw_secret: boolean;
  reason: string;
};

/** What is tried: what was typed, or the connection as it is. */
export type ConnectionTry = {
  settings?: Record<string, unknown>;
  secret?: string | null;
  name: string;
  password: string | null;
};

const base = "/api/v1/admin";
const connectionPath = (kind: Kind, name: string) =>
  `${base}/connections/${kind}/${encodeURIComponent(name)}`;
const get = <T>(path: string) => call<T>("GET", base + path);
const post = <T>(path: string, body: unknown = {}) => call<T>("POST", base + path, body);

/** Reads one page of a table. */
export function table<T>(
  path: string,
  asked: Record<string, string | number | null>,
): Promise<Answer<Page<T>>> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked))
    if (value !== null && value !== "") query.set(name, String(value));
  return get<Page<T>>(`${path}?${query}`);
}

export const calls = {
  look: (id: string) => post<Look>(`/meetings/${id}/look`),
  lock: (id: string, locked: boolean) => post<unknown>(`/meetings/${id}/lock`, { locked }),
  end: (id: string, reason: string) => post<unknown>(`/meetings/${id}/end`, { reason }),
  message: (id: string, text: string) => post<unknown>(`/meetings/${id}/message`, { text }),
  cancel: (id: string, reason: string) => post<unknown>(`/meetings/${id}/cancel`, { reason }),
  restore: (id: string, reason: string) => post<unknown>(`/meetings/${id}/restore`, { reason }),
  transfer: (id: string, to: string, reason: string) =>
    post<unknown>(`/meetings/${id}/transfer`, { to, reason }),
  account: (id: number) => get<Known>(`/accounts/${id}`),
  addAccount: (body: { email: string; name: string; administrator: boolean }) =>
    post<{ id: number; link: string }>("/accounts", body),
  changeAccount: (id: number, change: Record<string, unknown>, reason: string) =>
    post<unknown>(`/accounts/${id}`, { change, reason }),
  disable: (id: number, reason: string) => post<unknown>(`/accounts/${id}/disable`, { reason }),
  enable: (id: number, reason: string) => post<unknown>(`/accounts/${id}/enable`, { reason }),
  link: (id: number, reason: string) => post<{ link: string }>(`/accounts/${id}/link`, { reason }),
  endSignIns: (id: number, reason: string) =>
    post<{ ended: number }>(`/accounts/${id}/sign-ins`, { reason }),
  codesOff: (id: number, reason: string) => post<unknown>(`/accounts/${id}/codes`, { reason }),
  addGroup: (name: string, privileges: Privilege[]) =>
    post<{ id: number }>("/groups", { name, privileges }),
  changeGroup: (id: number, change: Record<string, unknown>, reason: string) =>
    post<unknown>(`/groups/${id}`, { change, reason }),
  audit: (asked: Record<string, string>) =>
    get<{ rows: Fact[]; next: string | null }>(`/audit?${new URLSearchParams(asked)}`),
  report: async (asked: ReportOf): Promise<Answer<Report>> => {
    const answer = await post<object>("/reports", asked);
    return answer.ok
      ? { ok: true, value: { ...answer.value, about: asked.about } as Report }
      : answer;
  },
  /** Saves a report as a file. */
  takeOut: (asked: ReportOf, format: "csv" | "xlsx", reason: string) =>
    download(`${base}/reports/export`, { ...asked, format, reason }, `${asked.about}.${format}`),
  policies: () => get<Policies>("/policies"),
  script: (hook: string, sha256: string) =>
    get<{ name: string; text: string }>(`/policies/text?${new URLSearchParams({ hook, sha256 })}`),
  decisions: (asked: Record<string, string>) =>
    post<{ rows: Decision[]; next: string | null }>(
      `/policies/decisions?${new URLSearchParams(asked)}`,
    ),
  rollBack: (to: number, reason: string) =>
    post<{ version: number }>("/policies/rollback", { to, reason }),
  settings: () => get<Configured>("/settings"),
  setPart: (part: Record<string, unknown>, reason: string) =>
    post<unknown>("/settings", { part, reason }),
  setCode: (code: string | null, reason: string) =>
    post<{ has_code: boolean }>("/integration-code", { code, reason }),
  connections: () => get<{ connections: Connection[] }>("/connections"),
  setConnection: (kind: Kind, name: string, body: ConnectionAsked) =>
    call<{ secret?: string }>("PUT", connectionPath(kind, name), body),
  removeConnection: (kind: Kind, name: string, reason: string) =>
    call<unknown>("DELETE", connectionPath(kind, name), { reason }),
  tryConnection: (kind: Kind, name: string, body: ConnectionTry) =>
    call<Verdict>("POST", `${connectionPath(kind, name)}/try`, body),
  removeGroup: (id: number, reason: string) => post<unknown>(`/groups/${id}/remove`, { reason }),
};
