// Both languages say everything; every refusal of the server has its sentence in both.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { consoleDictionaries } from "../src/console/words";
import { said } from "../src/i18n/console/trial/zh";
import { choose, dictionaries, locale, refusalSentence } from "../src/i18n";

type Node = string | ((...args: never[]) => string) | Node[] | { [key: string]: Node };

function leaves(node: Node, path: string): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function")
    return [[path, (node as (...args: unknown[]) => string)("7", "8")]];
  return Object.entries(node).flatMap(([key, inner]) => leaves(inner as Node, `${path}.${key}`));
}

const all = (language: "en" | "zh") => ({
  ...dictionaries[language],
  console: consoleDictionaries[language],
});
const en = new Map(leaves(all("en") as unknown as Node, ""));
const zh = new Map(leaves(all("zh") as unknown as Node, ""));

describe("the dictionaries", () => {
  it("have the same keys, and nothing is empty", () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort());
    for (const [path, words] of [...en, ...zh]) expect(words.trim(), path).not.toBe("");
  });

  it("are really in Chinese", () => {
    const names = new Set([".missing.browsers", ".chat.spoken"]);
    for (const [path, words] of zh)
      if (!names.has(path)) expect(words, path).toMatch(/[\u3400-\u9fff]/u);
  });

  it("keep what is filled in", () => {
    for (const [path, node] of en)
      if (node.includes("7")) expect(zh.get(path), path).toContain("7");
  });
});

describe("refusals", () => {
  const listed = readFileSync(join(import.meta.dirname, "../../../schemas/refusals.toml"), "utf8");
  const found = [...listed.matchAll(/code = "(\w+)"\nsentence = "([^"]+)"/g)];

  it("are all there, in both languages, in the server's English", () => {
    expect(found.length).toBeGreaterThan(30);
    for (const [, code = "", sentence] of found) {
      expect((dictionaries.en.refusals as Record<string, string>)[code], code).toBe(sentence);
      expect((dictionaries.zh.refusals as Record<string, string>)[code], code).toMatch(
        /[\u3400-\u9fff]/u,
      );
    }
  });
});

describe("what comes of trying a connection", () => {
  const root = join(import.meta.dirname, "../../..");
  const rust = (folder: string, end = ".rs"): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(end))
      .map((name) => readFileSync(join(root, folder, name), "utf8"));

  it("has a name for every step in both languages", () => {
    const sources = [...rust("plugins/src"), ...rust("server/src/mail")].join("");
    const found = [...sources.matchAll(/steps\.done\("([^"]+)"/g)];
    const steps = new Set(found.map(([, step]) => step));
    expect(steps.size).toBeGreaterThan(15);
    for (const { settings } of Object.values(consoleDictionaries))
      for (const step of steps) expect(Object.keys(settings.stepWords)).toContain(step);
  });

  it("has a sentence in Chinese for every code", () => {
    const list = /const CODES[^;]+;/.exec(rust("plugins/src", "said.rs")[0] ?? "")?.[0] ?? "";
    const codes = [...list.matchAll(/"(\w+)"/g)].map(([, code = ""]) => code);
    expect(codes.length).toBeGreaterThan(50);
    expect(Object.keys(said).sort()).toEqual([...codes].sort());
    for (const code of codes)
      expect(said[code]?.("7", "late", "9"), code).toMatch(/[\u3400-\u9fff]/u);
  });
});

describe("the operator's own words at sign-in", () => {
  it("are shown in every language, and ours where there are none", () => {
    const before = locale.value;
    for (const one of ["en", "zh"] as const) {
      locale.value = one;
      const shown = (sentence: string) => refusalSentence({ code: "sign_in_denied", sentence });
      expect(shown("Call the help desk.")).toBe("Call the help desk.");
      expect(shown("")).toBe(dictionaries[one].refusals.sign_in_denied);
    }
    locale.value = before;
  });
});

describe("the language", () => {
  it.each([
    [["zh-CN", "en"], "zh"],
    [["zh-Hant-TW"], "zh"],
    [["de-DE", "zh"], "zh"],
    [["en-GB", "zh"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ])("for %j is %s", (preferred, expected) => expect(choose(preferred)).toBe(expected));
});
