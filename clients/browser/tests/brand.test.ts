// Whatever colour an operator chooses, what stands on it and what is written in it can be read.
import { describe, expect, it } from "vitest";
import { contrast, tints } from "../src/ui/brand";

describe("an operator's colour", () => {
  const steps = ["00", "33", "66", "99", "cc", "ff"];
  const colours = steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`)));

  it("is readable in light and in dark, whichever it is", () => {
    for (const colour of colours) {
      const made = tints(colour);
      if (!made) throw new Error(colour);
      for (const at of [0, 1] as const) {
        const of = (name: string) => made[name]?.[at] ?? [0, 0, 0];
        const pairs = [
          ["on-accent", "accent"],
          ["accent-text", "accent-soft"],
        ] as const;
        for (const [ink, ground] of pairs)
          expect(contrast(of(ink), of(ground)), `${colour} ${ink} ${at}`).toBeGreaterThan(4.5);
        const page = at === 0 ? ([0xf6, 0xf4, 0xef] as const) : ([0x10, 0x14, 0x16] as const);
        const read = contrast(of("accent-text"), [...page]);
        expect(read, `${colour} on the page ${at}`).toBeGreaterThan(4.5);
      }
    }
  });

  it("is six digits or nothing", () => {
    for (const bad of ["", "red", "#fff", "#12345g", "#1234567", "url(x)"])
      expect(tints(bad), bad).toBeNull();
  });
});
