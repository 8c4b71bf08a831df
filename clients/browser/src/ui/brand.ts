// The name, the words and the colour that an operator gave this server. A colour is made lighter or
// darker until what stands on it can be read, in light and in dark.
import { signal } from "@preact/signals";

/** How the server presents itself. */
export type Brand = { name?: string; welcome?: string; colour?: string };

/** The brand of this server. */
export const brand = signal<Brand>({});

/** What the server is called. */
export const serverName = (): string => brand.value.name ?? "Convoke";

type Rgb = [number, number, number];

const white: Rgb = [255, 255, 255];
const black: Rgb = [0, 0, 0];
const card_dark: Rgb = [0x19, 0x1f, 0x22];
/** What WCAG asks for text of usual size, with something to spare for tinted grounds. */
const contrast_min = 5;

function parse(colour: string): Rgb | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!found) return null;
  return [found[1], found[2], found[3]].map((hex) => parseInt(hex ?? "0", 16)) as Rgb;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How well two colours are told apart, from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const mix = (a: Rgb, b: Rgb, share: number): Rgb =>
  a.map((value, at) => Math.round(value + ((b[at] ?? 0) - value) * share)) as Rgb;

/** The colour, moved towards black or white until it can be read on this ground. */
function readable(colour: Rgb, ground: Rgb, towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const moved = mix(colour, towards, share);
    if (contrast(moved, ground) >= contrast_min) return moved;
  }
  return towards;
}

const hex = (rgb: Rgb): string =>
  `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;

/** The colours of a theme that are made of an operator's one. */
export function tints(colour: string): Record<string, [light: Rgb, dark: Rgb]> | null {
  const rgb = parse(colour);
  if (!rgb) return null;
  const light = readable(rgb, white, black);
  const dark = readable(rgb, card_dark, white);
  const soft: [Rgb, Rgb] = [mix(light, white, 0.88), mix(dark, card_dark, 0.86)];
  return {
    accent: [light, dark],
    "accent-hover": [mix(light, black, 0.16), mix(dark, white, 0.18)],
    "on-accent": [white, readable(mix(dark, black, 0.8), dark, black)],
    "accent-soft": soft,
    "accent-text": [readable(light, soft[0], black), readable(dark, soft[1], white)],
    ring: [light, mix(dark, white, 0.18)],
  };
}

/** Takes the brand in: its name for the pages, its colour for everything that has one. */
export function follow(raw: unknown): void {
  if (!raw || typeof raw !== "object") return;
  const told = raw as Record<string, unknown>;
  const found: Brand = {};
  for (const name of ["name", "welcome", "colour"] as const) {
    const value = told[name];
    if (typeof value === "string" && value !== "") found[name] = value;
  }
  brand.value = found;
  const made = found.colour ? tints(found.colour) : null;
  for (const [name, [light, dark]] of Object.entries(made ?? {}))
    document.documentElement.style.setProperty(
      `--${name}`,
      `light-dark(${hex(light)}, ${hex(dark)})`,
    );
}
