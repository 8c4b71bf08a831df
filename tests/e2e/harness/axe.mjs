// What axe-core says of a page, and the four looks that pages have.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import axe from "axe-core";

import { PHONE } from "./browser.mjs";
import { OUT } from "./server.mjs";

/** Both languages, light and dark, wide and narrow, each with each other at least once. */
export const LOOKS = {
  "en-light-wide": { locale: "en-GB", colorScheme: "light" },
  "zh-dark-wide": { locale: "zh-CN", colorScheme: "dark" },
  "en-dark-phone": { locale: "en-GB", colorScheme: "dark", ...PHONE },
  "zh-light-phone": { locale: "zh-CN", colorScheme: "light", ...PHONE },
};

/** Asks axe-core about the page as it is, keeps its report, and fails on what is serious. */
export async function check(page, name) {
  // What is still coming in is half transparent, and its contrast is not the real one.
  await page.evaluate(async () => {
    const ends = document.getAnimations().filter((one) => {
      return one.effect.getComputedTiming().endTime < 2000;
    });
    await Promise.allSettled(ends.map((one) => one.finished));
  });
  await page.evaluate(axe.source);
  const report = await page.evaluate(() => window.axe.run(document));
  await mkdir(OUT, { recursive: true });
  await writeFile(join(OUT, `axe-${name}.json`), JSON.stringify(report.violations, null, 2));
  const serious = report.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const found = serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`);
  assert.deepEqual(found, [], name);
  assert.ok(report.passes.length > 5, `${name}: axe looked at nothing`);
}
