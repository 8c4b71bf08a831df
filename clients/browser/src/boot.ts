// What this document is for: the boot block of the server decides, the address is the fallback.
import { parseMeetingId } from "./model/id";

/** A "no" of the server. */
export type Refusal = {
  code: string;
  sentence: string;
  /** The field of a form that it is about. */
  field?: string;
};

/** The facts a document starts from; every secret has already left the address bar. */
export type Boot = {
  page: "home" | "join" | "meeting" | "viewer" | "setup" | "account" | "reset" | "console" | "docs";
  ticket?: string;
  /** What a legacy host asked for, to be done by a POST of this page. */
  pending?: string;
  meeting?: { id: string; topic?: string; type?: number };
  id?: string;
  name?: string;
  role?: string;
  refusal?: Refusal;
  email?: string;
  askPassword?: boolean;
  setupToken?: string;
  /** The token of a link to set a new password. */
  resetToken?: string;
  /** Whether this server sends letters. */
  mail?: boolean;
  viewer?: boolean;
  invitation?: string;
};

type Raw = Record<string, unknown>;

const str = (v: unknown): string | undefined => {
  if (typeof v === "string" && v !== "") return v;
  return typeof v === "number" ? String(v) : undefined;
};

/** Reads the boot block and the address into one value. Pure, so that tests can ask it. */
export function readBoot(block: string | null, url: URL): Boot {
  let raw: Raw = {};
  try {
    const parsed: unknown = block ? JSON.parse(block) : {};
    if (parsed && typeof parsed === "object") raw = parsed as Raw;
  } catch {
    raw = {};
  }
  const fragment = new URLSearchParams(url.hash.slice(1));
  const boot: Boot = { page: pageOf(raw, url.pathname) };
  const meeting =
    raw["meeting"] && typeof raw["meeting"] === "object" ? (raw["meeting"] as Raw) : undefined;
  const pathId = /^\/m\/([0-9 -]+)$/.exec(decodeURI(url.pathname))?.[1];
  const id =
    str(meeting?.["id"]) ??
    str(raw["meeting_id"]) ??
    str(raw["id"]) ??
    pathId ??
    url.searchParams.get("id") ??
    undefined;
  const digits = id === undefined ? undefined : (parseMeetingId(id) ?? undefined);
  if (digits) {
    boot.id = digits;
    boot.meeting = { id: digits };
    const topic = str(meeting?.["topic"]);
    if (topic) boot.meeting.topic = topic;
    if (typeof meeting?.["type"] === "number") boot.meeting.type = meeting["type"];
  } else if (id) {
    boot.id = id;
  }
  const take = (
    to: "ticket" | "pending" | "name" | "role" | "email" | "invitation",
    ...from: (string | undefined | null)[]
  ) => {
    const found = from.find((v) => v);
    if (found) boot[to] = found;
  };
  take("ticket", str(raw["ticket"]), fragment.get("t"));
  // A legacy call by plain HTTP is sent on: what came of it stands in the fragment.
  take("pending", str(raw["pending"]), fragment.get("p"));
  take("name", str(raw["name"]), fragment.get("n"), url.searchParams.get("name"));
  take("role", str(raw["role"]), fragment.get("role"));
  take("email", str(raw["email"]), fragment.get("e"));
  take(
    "invitation",
    str(raw["invitation"]),
    fragment.get("i"),
    boot.page === "join" ? url.searchParams.get("t") : null,
  );
  if (raw["ask_password"] === true || fragment.get("ask") === "1") boot.askPassword = true;
  if (boot.page === "viewer" || boot.role === "viewer" || fragment.get("v") === "1")
    boot.viewer = true;
  if (boot.viewer && boot.ticket) boot.page = "viewer";
  const moved = fragment.get("r");
  const refusal =
    (raw["refusal"] as Raw | undefined) ?? (moved === null ? undefined : { code: moved });
  if (refusal && typeof refusal === "object") {
    boot.refusal = {
      code: str(refusal["code"]) ?? "unknown",
      sentence: str(refusal["sentence"]) ?? "",
    };
    // A refused viewer is offered the form, like everyone else.
    if (boot.page === "viewer") boot.page = "join";
  }
  if (boot.page === "setup") {
    const token =
      fragment.get("t") ??
      fragment.get("token") ??
      (url.hash.length > 1 && !url.hash.includes("=") ? url.hash.slice(1) : null);
    if (token) boot.setupToken = token;
  }
  boot.mail = raw["mail"] === true;
  if (boot.page === "reset") {
    const token = resetToken(url.hash);
    if (token) boot.resetToken = token;
  }
  return boot;
}

/** How the server presents itself, as the boot block says. */
export function brandOf(block: string | null): unknown {
  try {
    return (JSON.parse(block ?? "{}") as Raw | null)?.["branding"];
  } catch {
    return undefined;
  }
}

/** The token of a link to set a new password: an account's number and a secret. */
export function resetToken(hash: string): string | undefined {
  return /^#(\d+\.[\w-]+)$/.exec(hash)?.[1];
}

function pageOf(raw: Raw, path: string): Boot["page"] {
  const named = raw["page"];
  if (
    named === "home" ||
    named === "join" ||
    named === "meeting" ||
    named === "viewer" ||
    named === "setup" ||
    named === "account" ||
    named === "reset" ||
    named === "console" ||
    named === "docs"
  )
    return named;
  if (path.startsWith("/m/")) return "meeting";
  if (path.startsWith("/id=")) return "viewer";
  if (path.startsWith("/setup")) return "setup";
  if (path === "/account") return "account";
  if (path === "/reset") return "reset";
  if (path === "/api/docs") return "docs";
  if (/^\/console(\/|$)/.test(path)) return "console";
  if (path.startsWith("/join") || path.startsWith("/as/wapi/")) return "join";
  return "home";
}

/** The address that may stay in the browser's history: no secret, no name. */
export function cleanAddress(boot: Boot, url: URL): string {
  switch (boot.page) {
    case "meeting":
      return boot.id ? `/m/${boot.id}` : "/";
    case "viewer":
    case "join":
      return boot.id && /^\d{8}$/.test(boot.id) ? `/join?id=${boot.id}` : "/join";
    case "setup":
      return "/setup";
    case "account":
      return "/account";
    case "reset":
      return "/reset";
    case "docs":
      return "/api/docs";
    case "home":
    case "console":
      return url.pathname;
  }
}
