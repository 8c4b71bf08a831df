// Single-key shortcuts; they can be switched off, and never act while somebody types.
import { signal } from "@preact/signals";
import { recall, remember } from "../ui/memory";

/** Whether single-key shortcuts act. */
export const shortcutsOn = signal(recall("shortcuts") !== "0");

/** Switches them on or off for this browser. */
export function setShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  remember("shortcuts", on ? "1" : "0");
}

/** The keys by action. */
export const keys = {
  mic: "M",
  camera: "V",
  share: "S",
  hand: "H",
  chat: "C",
  people: "P",
  help: "?",
} as const;

/** What a shortcut does. */
export type Action = keyof typeof keys;

/** The action of a key press, if it is one. */
export function actionOf(event: KeyboardEvent): Action | null {
  if (!shortcutsOn.value || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return null;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("input, textarea, select, [contenteditable], [role=menu], dialog")) return null;
  const pressed = event.key.toUpperCase();
  for (const [action, key] of Object.entries(keys)) if (key === pressed) return action as Action;
  return null;
}
