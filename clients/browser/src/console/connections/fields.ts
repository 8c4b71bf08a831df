// Which fields a connection has, by kind, and how what was typed becomes its settings.
import type { Kind } from "../calls";

/** How a field is shown and read. */
export type FieldKind = "text" | "number" | "lines" | "switch" | "choice" | "groups" | "pem";

/** One field of a form. */
export type FieldOf = {
  name: string;
  is: FieldKind;
  /** What it may be; the first is the usual. */
  options?: [value: string, word: string][];
  /** What holds when it is left empty. */
  usual?: string;
  /** Shown only on request. */
  rare?: boolean;
  /** Shown only for one choice of another field. */
  when?: [field: string, value: string];
  needed?: boolean;
};

/** Bridges that have a name of their own in every language. */
export const products: Record<string, string> = {
  jitsi: "Jitsi",
  freeswitch: "FreeSWITCH",
  asterisk: "Asterisk",
  twilio: "Twilio",
};

/** What was typed, by field. */
export type Typed = Record<string, string | boolean>;

const reach: FieldOf[] = [
  { name: "allow_private", is: "lines" },
  { name: "allow_loopback", is: "switch" },
  { name: "ca_pem", is: "pem", rare: true },
];

const asked: FieldOf[] = [
  { name: "url", is: "text", needed: true },
  {
    name: "method",
    is: "choice",
    options: [
      ["post", "post"],
      ["get", "get"],
    ],
  },
  ...reach,
];

const patience: FieldOf[] = [
  { name: "connect_ms", is: "number", usual: "2000", rare: true },
  { name: "total_ms", is: "number", usual: "5000", rare: true },
  { name: "at_once_max", is: "number", usual: "16", rare: true },
];

/** The fields of each kind, in order. */
export const fieldsOf: Record<Kind, FieldOf[]> = {
  callback: [
    ...asked,
    { name: "allow_administrator", is: "switch" },
    { name: "require_nonce", is: "switch", rare: true },
    { name: "deny_cache_s", is: "number", usual: "30", rare: true },
    { name: "grace_s", is: "number", usual: "0", rare: true },
    ...patience,
  ],
  http: [...asked, ...patience],
  ldap: [
    { name: "servers", is: "lines", needed: true },
    {
      name: "tls",
      is: "choice",
      options: [
        ["ldaps", "ldaps"],
        ["start_tls", "start_tls"],
      ],
    },
    { name: "base_dn", is: "text", needed: true },
    { name: "bind_dn", is: "text" },
    { name: "filter", is: "text", usual: "(&(objectClass=person)(|(mail={name})(uid={name})))" },
    {
      name: "groups",
      is: "choice",
      options: [
        ["none", "none"],
        ["member_of", "member_of"],
        ["in_chain", "in_chain"],
        ["walk", "walk"],
      ],
    },
    { name: "group_base_dn", is: "text", when: ["groups", "walk"] },
    { name: "privileges", is: "groups" },
    { name: "administrators", is: "lines" },
    ...reach,
    ...patience,
  ],
  bridge: [
    {
      name: "dialect",
      is: "choice",
      options: ["json", "jitsi", "freeswitch", "asterisk", "twilio"].map((one) => [one, one]),
    },
    { name: "domain", is: "text", when: ["dialect", "jitsi"], needed: true },
    { name: "allow", is: "lines" },
    { name: "to", is: "text", rare: true },
    { name: "silent_s", is: "number", usual: "14400", rare: true },
    { name: "wrong_per_caller_per_hour_max", is: "number", usual: "10", rare: true },
    { name: "wrong_per_hour_max", is: "number", usual: "100", rare: true },
  ],
  mail: [
    { name: "server", is: "text", needed: true },
    {
      name: "tls",
      is: "choice",
      options: [
        ["starttls", "starttls"],
        ["tls", "tls"],
        ["none", "plain"],
      ],
    },
    { name: "port", is: "number", usual: "587" },
    { name: "from", is: "text", needed: true },
    { name: "username", is: "text" },
    ...reach,
  ],
};

const listed = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** Settings as a form shows them. */
export function typedOf(kind: Kind, settings: Record<string, unknown>): Typed {
  const typed: Typed = {};
  for (const { name, is, options } of fieldsOf[kind]) {
    const value = settings[name];
    if (is === "switch") typed[name] = value === true;
    else if (is === "lines") typed[name] = listed(value).join("\n");
    else if (is === "choice") typed[name] = typeof value === "string" ? value : options![0]![0];
    else if (is === "groups")
      typed[name] = Object.entries((value as Record<string, unknown>) ?? {})
        .map(([group, may]) => `${group}: ${listed(may).join(", ")}`)
        .join("\n");
    else typed[name] = value === undefined || value === null ? "" : String(value);
  }
  return typed;
}

function groupsOf(text: string): Record<string, string[]> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      // A DN may hold colons; privileges do not.
      const at = line.lastIndexOf(":");
      const group = (at < 0 ? line : line.slice(0, at)).trim();
      const may = at < 0 ? [] : line.slice(at + 1).split(",");
      return [group, may.map((one) => one.trim()).filter(Boolean)];
    }),
  );
}

/** What was typed as settings; those that the form does not show stay as they were. */
export function settingsOf(
  kind: Kind,
  typed: Typed,
  before: Record<string, unknown>,
): Record<string, unknown> {
  const settings = { ...before };
  for (const { name, is, when } of fieldsOf[kind]) {
    delete settings[name];
    const value = typed[name];
    if (when && typed[when[0]] !== when[1]) continue;
    if (is === "switch") {
      if (value === true) settings[name] = true;
      continue;
    }
    const text = String(value ?? "").trim();
    if (text === "") continue;
    if (is === "number") settings[name] = Number(text);
    else if (is === "lines")
      settings[name] = text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    else if (is === "groups") settings[name] = groupsOf(text);
    else settings[name] = text;
  }
  return settings;
}
