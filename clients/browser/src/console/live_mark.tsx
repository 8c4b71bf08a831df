// Whether what is shown follows by itself.
import type { JSX } from "preact";
import { useLive } from "./live";
import { words } from "./words";

/** The mark; it is spoken when it changes. */
export function LiveMark(): JSX.Element {
  const t = words.value.live;
  const { state } = useLive();
  return (
    <span class={`tag live ${state === "live" ? "accent" : "warm"}`} role="status">
      {t[state]}
    </span>
  );
}
