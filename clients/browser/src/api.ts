// The JSON calls of the server; a refusal is a value, not a surprise.
import type { Refusal } from "./boot";
import { locale } from "./i18n";

/** Who is signed in. */
export type Account = {
  name: string;
  email: string;
  administrator: boolean;
  privileges: Privilege[];
  time_zone: string | null;
  /** Whether a code is asked for at each sign-in. */
  codes: boolean;
  /** Whether codes have to be set up before anything else. */
  codes_required: boolean;
  recovery_codes_left: number;
  /** Whether another system keeps name and password. */
  kept_elsewhere: boolean;
};

/** Whether the console is for this account. */
export const seesConsole = (account: Account): boolean =>
  account.administrator || account.privileges.includes("auditor");

/** What an account may do. */
export type Privilege =
  | "interactive_meeting"
  | "seminar"
  | "remote_support"
  | "remote_access"
  | "send_file"
  | "chat"
  | "record"
  | "video_conference"
  | "administrator"
  | "auditor";

/** The right password of an account with codes: half a sign-in, and the token to go on with. */
export type Half = { half: string };

/** A key by which programs act for an account, without its secret. */
export type ApiKey = {
  number: number;
  name: string;
  scopes: string[];
  /** For whom it acts. */
  owner: string;
  made_ms: number;
  /** Nothing for as long as nobody revokes it. */
  expires_ms: number | null;
  revoked_ms: number | null;
  good: boolean;
};

/** One place where an account is signed in. */
export type SignedIn = {
  name: string;
  current: boolean;
  address: string;
  browser: string;
  since_ms: number;
  used_ms: number;
};

/** What an authenticator app is set up with. */
export type Enrolment = { key: string; link: string; picture: { size: number; path: string } };

/** A meeting in the list of its host. */
export type Meeting = {
  id: string;
  topic: string;
  type: number;
  join_url?: string;
  invitation?: string;
  running?: boolean;
  created_ms?: number;
  state?: "scheduled" | "running" | "past" | "cancelled";
  when?: When | null;
  recurring?: boolean;
  public?: boolean;
  lobby?: boolean;
  own_network?: boolean;
  has_password?: boolean;
  participants_max?: number | null;
  dial_in?: { number: string | null; code: string | null } | null;
  invited?: string[];
  position?: { epoch: number; seq: number };
};

/** When a meeting is: first on the clocks of its zone, then as instants. */
export type When = {
  start: string;
  minutes: number;
  zone: string;
  rule: string | null;
  exceptions: Exception[];
  begins_ms: number;
  ends_ms: number | null;
  next_ms: number | null;
};

/** A date of a series that is called off, or held at another time. */
export type Exception = { date: string; moved: string | null };

/** A date of a meeting: as its rule names it, and when it is held or would have been. */
export type MeetingDate = {
  date: string;
  moved: string | null;
  cancelled: boolean;
  regular_ms: number;
  begins_ms: number;
  ends_ms: number;
};

/** A meeting to be. A password that is not there stays what it is. */
export type Wanted = Change & { type: number; topic: string };

/** What is to become of a meeting; what is not there stays what it is. */
export type Change = {
  type?: number;
  topic?: string;
  password?: string | null;
  when?: Pick<When, "start" | "minutes" | "zone" | "rule" | "exceptions"> | null;
  recurring?: boolean;
  public?: boolean;
  lobby?: boolean;
  own_network?: boolean;
  participants_max?: number | null;
  dial_in?: { number: string | null; code: string | null } | null;
};

/** What came back: the value or the refusal. */
export type Answer<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

const deadline_ms = 15_000;

/** Makes a call of the server. */
export async function call<T>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        // What the server writes for people, such as invitations, is in the page's language.
        "Accept-Language": locale.value,
        ...(method === "GET" ? {} : { "Content-Type": "application/json" }),
        ...more,
      },
      body: method === "GET" ? null : JSON.stringify(body ?? {}),
      signal: AbortSignal.timeout(deadline_ms),
    });
    const text = await response.text();
    let value: unknown = null;
    try {
      value = text === "" ? {} : JSON.parse(text);
    } catch {
      value = null;
    }
    if (response.ok && value !== null) return { ok: true, value: value as T };
    const refusal = value as Partial<Refusal> | null;
    return {
      ok: false,
      refusal: {
        code: refusal?.code ?? `http_${response.status}`,
        sentence: refusal?.sentence ?? "",
        ...(refusal?.field ? { field: refusal.field } : {}),
      },
    };
  } catch {
    return { ok: false, refusal: { code: "offline", sentence: "" } };
  }
}

const text = (v: unknown): string => (v === null || v === undefined ? "" : String(v));

function meeting(raw: Record<string, unknown>): Meeting {
  const found: Meeting = {
    ...(raw as Partial<Meeting>),
    id: text(raw["id"]).replace(/\D/g, ""),
    topic: text(raw["topic"]),
    type: Number(raw["type"] ?? 0),
  };
  if (raw["join_url"]) found.join_url = text(raw["join_url"]);
  if (raw["invitation"]) found.invitation = text(raw["invitation"]);
  const running = raw["running"] ?? raw["live"] ?? raw["open"];
  if (typeof running === "boolean") found.running = running;
  const created = raw["created_ms"] ?? raw["created"];
  if (typeof created === "number") found.created_ms = created;
  return found;
}

export const api = {
  me: () => call<Account>("GET", "/api/v1/me"),
  signIn: (email: string, password: string) =>
    call<Account | Half>("POST", "/api/v1/sign-in", { email, password }),
  signInCode: (half: string, code: string) =>
    call<Account>("POST", "/api/v1/sign-in/code", { half, code }),
  signOut: () => call<unknown>("POST", "/api/v1/sign-out"),
  changeMe: (body: { name?: string; time_zone?: string }) =>
    call<Account>("POST", "/api/v1/me", body),
  changePassword: (old: string, next: string) =>
    call<unknown>("POST", "/api/v1/me/password", { old, new: next }),
  beginCodes: (password: string) => call<Enrolment>("POST", "/api/v1/me/totp", { password }),
  confirmCodes: (code: string) =>
    call<{ recovery_codes: string[] }>("POST", "/api/v1/me/totp/confirm", { code }),
  codesOff: (password: string, code: string) =>
    call<unknown>("POST", "/api/v1/me/totp/off", { password, code }),
  signIns: () => call<{ sessions: SignedIn[] }>("GET", "/api/v1/me/sessions"),
  /** One by its name, or all but this one. */
  endSignIns: (name: string | null) =>
    call<{ ended: number }>("POST", "/api/v1/me/sessions/end", { name }),
  keys: () => call<{ keys: ApiKey[] }>("GET", "/api/v1/keys"),
  /** Everybody's, for administrators. */
  allKeys: () => call<{ keys: ApiKey[] }>("GET", "/api/v1/keys?all=true"),
  /** The key itself is told this one time. */
  makeKey: (name: string, scopes: string[]) =>
    call<ApiKey & { key: string }>("POST", "/api/v1/keys", { name, scopes }),
  revokeKey: (number: number) => call<unknown>("DELETE", `/api/v1/keys/${number}`),
  askReset: (email: string) => call<{ mail: boolean }>("POST", "/api/v1/reset", { email }),
  useReset: (token: string, password: string) =>
    call<unknown>("POST", "/api/v1/reset/use", { token, password }),
  setup: (body: { token: string; email: string; name: string; password: string }) =>
    call<unknown>("POST", "/api/v1/setup", body),
  pendingHost: (pending: string) =>
    call<{ ticket: string; name: string; meeting: { id: string; topic: string } }>(
      "POST",
      "/api/v1/pending-host",
      { pending },
    ),
  host: (id: string) => call<{ ticket: string }>("POST", `/api/v1/meetings/${id}/host`),
  join: (body: {
    id: string;
    name: string;
    password?: string;
    viewer?: boolean;
    invitation?: string;
  }) =>
    call<{ ticket: string; meeting?: { id: string | number; topic?: string; type?: number } }>(
      "POST",
      "/api/v1/join",
      body,
    ),
  async meetings(): Promise<Answer<Meeting[]>> {
    const answer = await call<unknown>("GET", "/api/v1/meetings");
    if (!answer.ok) return answer;
    const held = answer.value as { meetings?: unknown };
    const list = Array.isArray(answer.value)
      ? answer.value
      : Array.isArray(held?.meetings)
        ? held.meetings
        : [];
    return { ok: true, value: (list as Record<string, unknown>[]).map(meeting) };
  },
  async create(body: Wanted): Promise<Answer<Meeting>> {
    const answer = await call<Record<string, unknown>>("POST", "/api/v1/meetings", body);
    return answer.ok
      ? { ok: true, value: meeting({ topic: body.topic, type: body.type, ...answer.value }) }
      : answer;
  },
  /** Changes a meeting, unless somebody else did meanwhile. */
  async change(old: Meeting, body: Change): Promise<Answer<Meeting>> {
    const at = old.position;
    const tag: Record<string, string> = at ? { "If-Match": `"${at.epoch}.${at.seq}"` } : {};
    const path = `/api/v1/meetings/${old.id}`;
    const answer = await call<Record<string, unknown>>("PATCH", path, body, tag);
    return answer.ok ? { ok: true, value: meeting(answer.value) } : answer;
  },
  dates: (id: string) =>
    call<{ dates: MeetingDate[]; more: boolean }>("GET", `/api/v1/meetings/${id}/dates`),
  cancel: (id: string, reason: string | null) =>
    call<unknown>("POST", `/api/v1/meetings/${id}/cancel`, reason ? { reason } : {}),
  restore: (id: string) => call<unknown>("POST", `/api/v1/meetings/${id}/restore`),
  transfer: (id: string, to: string) =>
    call<unknown>("POST", `/api/v1/meetings/${id}/transfer`, { to }),
  invite: (id: string, people: string[]) =>
    call<{ invited: string[] }>("POST", `/api/v1/meetings/${id}/invitations`, { people }),
};
