// The JSON calls of the server; a refusal is a value, not a surprise.
import type { Refusal } from "./boot";

/** Who is signed in. */
export type Account = { name: string; email: string; administrator: boolean };

/** A meeting in the list of its host. */
export type Meeting = {
  id: string;
  topic: string;
  type: number;
  join_url?: string;
  invitation?: string;
  running?: boolean;
  created_ms?: number;
};

/** What came back: the value or the refusal. */
export type Answer<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

const deadline_ms = 15_000;

async function call<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: method === "POST" ? { "Content-Type": "application/json" } : {},
      body: method === "POST" ? JSON.stringify(body ?? {}) : null,
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
      },
    };
  } catch {
    return { ok: false, refusal: { code: "offline", sentence: "" } };
  }
}

const text = (v: unknown): string => (v === null || v === undefined ? "" : String(v));

function meeting(raw: Record<string, unknown>): Meeting {
  const found: Meeting = {
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
    call<Account>("POST", "/api/v1/sign-in", { email, password }),
  signOut: () => call<unknown>("POST", "/api/v1/sign-out"),
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
  async create(body: {
    type: number;
    topic: string;
    password: string | null;
  }): Promise<Answer<Meeting>> {
    const answer = await call<Record<string, unknown>>("POST", "/api/v1/meetings", body);
    return answer.ok
      ? { ok: true, value: meeting({ topic: body.topic, type: body.type, ...answer.value }) }
      : answer;
  },
};
