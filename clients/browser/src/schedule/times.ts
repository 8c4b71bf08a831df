// Days and hours: what the form begins with, and how a meeting's time is said.
import { locale } from "../i18n";

/** Every time zone that this browser knows, and those that are in use besides. */
export function zones(...chosen: (string | null | undefined)[]): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  const more = chosen.filter((zone): zone is string => !!zone && !known.includes(zone));
  return [...new Set([...more, ...known])];
}

/** The zone of this device. */
export const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The next full hour on the clocks of a zone, as `YYYY-MM-DD` and `HH:MM`. */
export function nextHour(zone: string, now = Date.now()): [day: string, time: string] {
  const hour_ms = 3_600_000;
  const at = new Date(Math.floor(now / hour_ms) * hour_ms + hour_ms);
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
  return [`${parts["year"]}-${parts["month"]}-${parts["day"]}`, `${parts["hour"]}:00`];
}

/** When a meeting is, on the clocks of this device: `Mon, 30 Nov, 10:00 – 11:00`. */
export function shownTime(begins_ms: number, minutes: number): string {
  const from = new Date(begins_ms);
  const format = new Intl.DateTimeFormat(locale.value === "zh" ? "zh-CN" : "en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(from.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" as const }),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return format.formatRange(from, new Date(begins_ms + minutes * 60_000));
}
