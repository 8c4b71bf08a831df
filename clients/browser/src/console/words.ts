// The console's sentences in the language in use; they come with the console, not before.
import { computed } from "@preact/signals";
import { locale, type Locale } from "../i18n";
import { en, type ConsoleDictionary } from "../i18n/console/en";
import { zh } from "../i18n/console/zh";

/** The console's dictionaries by language. */
export const consoleDictionaries: Record<Locale, ConsoleDictionary> = { en, zh };

/** Every sentence of the console in the language in use. */
export const words = computed(() => consoleDictionaries[locale.value]);

/** Bytes as people read them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let value = n;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = at === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[at]}`;
}
