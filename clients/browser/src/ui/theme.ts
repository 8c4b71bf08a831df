// Light or dark: the system decides until the person does; the choice is kept in this browser.
import { effect, signal } from "@preact/signals";
import { recall, remember } from "./memory";

/** What the person chose. */
export type Theme = "system" | "light" | "dark";

const kept = recall("theme");

/** The chosen theme. */
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

/** True when the page is dark at this moment. */
export function isDark(): boolean {
  if (theme.value !== "system") return theme.value === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Switches between light and dark. */
export function switchTheme(): void {
  theme.value = isDark() ? "light" : "dark";
}

/** Keeps the document in step with the choice. */
export function followTheme(): void {
  effect(() => {
    const root = document.documentElement;
    if (theme.value === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = theme.value;
    remember("theme", theme.value);
  });
}
