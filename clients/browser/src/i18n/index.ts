// Languages: the browser decides, a switch changes it, the choice is kept.
import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "../ui/memory";
import { en, type Dictionary } from "./en";
import { zh } from "./zh";

/** A language the interface speaks. */
export type Locale = "en" | "zh";

/** The dictionaries by language. */
export const dictionaries: Record<Locale, Dictionary> = { en, zh };

/** The language for a list of preferences, as in `navigator.languages`. */
export function choose(preferred: readonly string[]): Locale {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "zh") return "zh";
    if (base === "en") return "en";
  }
  return "en";
}

function initial(): Locale {
  const kept = recall("language");
  if (kept === "en" || kept === "zh") return kept;
  return typeof navigator === "undefined"
    ? "en"
    : choose(navigator.languages ?? [navigator.language]);
}

/** The language in use. */
export const locale = signal<Locale>(initial());

/** Every sentence in the language in use. */
export const text = computed(() => dictionaries[locale.value]);

/** Goes to the other language. */
export function switchLocale(): void {
  locale.value = locale.value === "en" ? "zh" : "en";
  remember("language", locale.value);
}

/** Keeps the document's language in step, for fonts, spell checkers and screen readers. */
export function followLocale(): void {
  effect(() => {
    document.documentElement.lang = locale.value === "zh" ? "zh-Hans" : "en";
  });
}

/** The sentence for a refusal: ours where the code is known in this language, else the server's. */
export function refusalSentence(refusal: { code: string; sentence: string }): string {
  if (refusal.code === "offline") return text.value.errors.offline;
  // The words of this server's operator, in whatever language they were written.
  if (refusal.code === "sign_in_denied" && refusal.sentence) return refusal.sentence;
  const own = (text.value.refusals as Record<string, string>)[refusal.code];
  if (locale.value === "en") return refusal.sentence || own || text.value.errors.unknown;
  return own || refusal.sentence || text.value.errors.unknown;
}

/** A time of day in the language in use. */
export function timeOfDay(ms: number): string {
  return new Intl.DateTimeFormat(locale.value === "zh" ? "zh-CN" : "en", {
    hour: "2-digit",
    minute: "2-digit",
  }).format(ms);
}

/** A date with its time in the language in use, in this time zone or the browser's own. */
export function dateAndTime(ms: number, zone: string | null = null): string {
  const form: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  // One that only the server knows is no reason to show nothing.
  if (zone && Intl.supportedValuesOf("timeZone").includes(zone)) form.timeZone = zone;
  return new Intl.DateTimeFormat(locale.value === "zh" ? "zh-CN" : "en", form).format(ms);
}
