// What follows by itself: asked for again and again while somebody looks. The one place to change
// when the server tells of news on its own.
import { useEffect, useState } from "preact/hooks";
import type { Answer } from "../api";

const every_ms = 3000;
/** After so long without a hand on the page nothing is asked: the sign-in can idle out. */
const idle_ms = 10 * 60 * 1000;

let touched = Date.now();
for (const hint of ["pointerdown", "pointermove", "keydown"])
  addEventListener(hint, () => (touched = Date.now()), { passive: true });

/** What was read last and the time before, and whether it failed since. */
export type Live<T> = { now: T | null; before: T | null; lost: boolean };

/** Reads again and again, and not while the page is hidden or left alone. */
export function useLive<T>(read: () => Promise<Answer<T>>): Live<T> {
  const [live, setLive] = useState<Live<T>>({ now: null, before: null, lost: false });
  useEffect(() => {
    let over = false;
    let timer = 0;
    const look = async () => {
      if (!document.hidden && Date.now() - touched < idle_ms) {
        const answer = await read();
        if (over) return;
        setLive((was) =>
          answer.ok ? { now: answer.value, before: was.now, lost: false } : { ...was, lost: true },
        );
      }
      timer = window.setTimeout(() => void look(), every_ms);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, []);
  return live;
}
