// What this browser remembers of a person's choices; works (forgetting) where storage is forbidden.

const prefix = "convoke.";

/** The remembered value, if any. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

/** Remembers a value. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Storage is forbidden: the choice lasts until the page is left.
  }
}
