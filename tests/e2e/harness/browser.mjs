// Real Chromium with fake devices: screen, camera and microphone that can be captured headless.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { OUT } from "./server.mjs";
import { PATIENCE } from "./wait.mjs";

const FLAGS = [
  // The tests may run as root in a container, where the sandbox has no rights to work with.
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--auto-select-desktop-capture-source=Entire screen",
  "--autoplay-policy=no-user-gesture-required",
  // Pages that are not in front must go on decoding: three of them share one headless browser.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** A phone held upright. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export class Browser {
  static async launch() {
    const browser = new Browser();
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    browser.chromium = await chromium.launch({ executablePath, headless: true, args: FLAGS });
    browser.complaints = [];
    return browser;
  }

  /** A person at a browser of their own: own cookies, own storage. */
  async person(name, options = {}) {
    const context = await this.chromium.newContext({
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(20_000 * PATIENCE);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.complaints.push(`${name}: ${error.message}`));
    page.on("console", (message) => {
      const policy = /Content Security Policy|Trusted ?Types/i.test(message.text());
      if (policy) this.complaints.push(`${name}: ${message.text()}`);
    });
    return page;
  }

  /** Keeps what a page looks like, for people to see. */
  async shoot(page, name) {
    await mkdir(OUT, { recursive: true });
    await page.screenshot({ path: join(OUT, `${name}.png`) });
  }

  async close() {
    await this.chromium.close();
  }
}
