// Whether pictures on a page move: pixels are read, not trusted.

/**
 * Fingerprints of every picture on the page: of each canvas or video that is shown, a digest of its
 * pixels and how much they differ among themselves (a blank one does not).
 */
export function pictures(page) {
  return page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll("canvas, video")) {
      const { width, height } = element.getBoundingClientRect();
      if (width < 32 || height < 32) continue;
      const small = new OffscreenCanvas(64, 36);
      const context = small.getContext("2d", { willReadFrequently: true });
      try {
        context.drawImage(element, 0, 0, 64, 36);
      } catch {
        continue;
      }
      const { data } = context.getImageData(0, 0, 64, 36);
      let digest = 0;
      let low = 255;
      let high = 0;
      for (let i = 0; i < data.length; i += 1) {
        digest = (Math.imul(digest, 31) + data[i]) | 0;
        if (i % 4 !== 3) {
          low = Math.min(low, data[i]);
          high = Math.max(high, data[i]);
        }
      }
      found.push({ digest, contrast: high - low });
    }
    return found;
  });
}

/** How many pictures changed their pixels between two looks, and are not blank. */
export async function moving(page, between_ms = 700) {
  const before = await pictures(page);
  await new Promise((resolve) => setTimeout(resolve, between_ms));
  const after = await pictures(page);
  const old = new Set(before.map((picture) => picture.digest));
  return after.filter((picture) => picture.contrast > 20 && !old.has(picture.digest)).length;
}
