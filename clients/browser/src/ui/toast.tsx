// Toasts: short sentences that come and go, spoken to screen readers as they appear.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { text } from "../i18n";
import { Icon } from "./icons";

type Toast = { key: number; words: string; bad: boolean };

const shown_ms = 6000;
const toasts_max = 3;
const toasts = signal<Toast[]>([]);
const spoken = signal("");
let next = 1;

/** Shows a sentence for a few seconds. */
export function toast(words: string, bad = false): void {
  const key = next++;
  const others = toasts.value.filter((t) => t.words !== words);
  toasts.value = [...others, { key, words, bad }].slice(-toasts_max);
  setTimeout(() => dismiss(key), shown_ms);
}

/** Says a sentence to screen readers only. */
export function announce(words: string): void {
  // A changed text is what makes a live region speak, so the same words get a different ending.
  spoken.value = spoken.value === words ? `${words}\u00a0` : words;
}

function dismiss(key: number): void {
  toasts.value = toasts.value.filter((t) => t.key !== key);
}

/** The place where toasts appear; once per page. */
export function Toasts(): JSX.Element {
  return (
    <>
      <div class="sr" role="log" aria-live="polite" aria-atomic="true">
        {spoken.value}
      </div>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map((t) => (
          <div key={t.key} class={`toast ${t.bad ? "bad" : ""}`}>
            <Icon name={t.bad ? "warn" : "info"} />
            <span class="grow">{t.words}</span>
            <button type="button" aria-label={text.value.ui.close} onClick={() => dismiss(t.key)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
