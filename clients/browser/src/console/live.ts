// What follows by itself: the server tells how it is, over a stream of events, while somebody
// looks. The one place that keeps that stream; several parts of a page share it.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import type { Overview } from "./calls";

const path = "/api/v1/admin/overview/stream";
/** Rates are reckoned over at least so long, whatever comes in between. */
const span_ms = 1900;
/** A stream that says nothing for so long is dead, whatever the browser believes. */
const silent_ms = 10_000;
/** Waits before it is asked for again, when the browser does not do it by itself. */
const retry_ms = [1000, 2000, 5000, 10_000, 30_000];
/** After so long without a hand on the page, pages ask for nothing by themselves: the sign-in can
 * idle out. The stream goes on, since it only looks. */
const idle_ms = 10 * 60 * 1000;

let touched = Date.now();
for (const hint of ["pointerdown", "pointermove", "keydown"])
  addEventListener(hint, () => (touched = Date.now()), { passive: true });

/** Whether somebody has been at the page of late. */
export const attended = (): boolean => !document.hidden && Date.now() - touched < idle_ms;

/** What the server told last and a while before, and whether it still tells. */
export type Live = {
  now: Overview | null;
  before: Overview | null;
  state: "begins" | "live" | "lost" | "ended";
};

const live = signal<Live>({ now: null, before: null, state: "begins" });
let users = 0;
let source: EventSource | null = null;
let timer = 0;
let watchdog = 0;
let failures = 0;

function take(overview: Overview): void {
  const { now, before } = live.value;
  const old = now && overview.now_ms - now.now_ms < span_ms ? before : now;
  live.value = { now: overview, before: old, state: "live" };
  failures = 0;
  watch();
}

function watch(): void {
  clearTimeout(watchdog);
  watchdog = window.setTimeout(() => {
    close();
    again();
  }, silent_ms);
}

function close(): void {
  clearTimeout(timer);
  clearTimeout(watchdog);
  source?.close();
  source = null;
}

function again(): void {
  if (live.value.state !== "ended") live.value = { ...live.value, state: "lost" };
  clearTimeout(timer);
  timer = window.setTimeout(open, retry_ms[Math.min(failures, retry_ms.length - 1)]);
  failures += 1;
}

function open(): void {
  close();
  if (users === 0 || document.hidden) return;
  const opened = new EventSource(path);
  source = opened;
  watch();
  opened.addEventListener("overview", (e) => take(JSON.parse(e.data) as Overview));
  opened.addEventListener("end", () => {
    close();
    live.value = { ...live.value, state: "ended" };
  });
  opened.onerror = () => {
    // The browser connects again by itself, unless it was refused.
    if (opened.readyState !== EventSource.CLOSED) {
      live.value = { ...live.value, state: "lost" };
      return;
    }
    close();
    void refused();
  };
}

/** Nobody tells over a stream why there is none: whether somebody is signed in is asked apart. */
async function refused(): Promise<void> {
  // To ask would keep the sign-in of somebody who is away.
  if (!attended()) return again();
  const answer = await api.me();
  if (!answer.ok && answer.refusal.code === "sign_in_needed") {
    live.value = { ...live.value, state: "ended" };
  } else if (users > 0) again();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) close();
  else if (users > 0 && live.value.state !== "ended") open();
});

/** Follows the server while it is shown. */
export function useLive(): Live {
  useEffect(() => {
    users += 1;
    if (users === 1) {
      live.value = { now: null, before: null, state: "begins" };
      failures = 0;
      open();
    }
    return () => {
      users -= 1;
      if (users === 0) close();
    };
  }, []);
  return live.value;
}

/** A number that grows when what goes on reads differently, for tables that follow. */
export function useActive(): number {
  const { now } = useLive();
  const [round, setRound] = useState(0);
  const seen = useRef<string | null>(null);
  useEffect(() => {
    if (!now || now.active === seen.current) return;
    // What was missed while nobody was there is caught up with when somebody is.
    if (seen.current !== null && !attended()) return;
    if (seen.current !== null) setRound((was) => was + 1);
    seen.current = now.active;
  }, [now]);
  return round;
}
