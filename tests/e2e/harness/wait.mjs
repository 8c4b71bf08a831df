// Waiting for something to become true, with a message that says what did not.

/** Milliseconds between two looks. */
const LOOK_MS = 100;

/** How many times longer than usual is waited: `E2E_PATIENCE=5` on a machine that is busy. */
export const PATIENCE = Number(process.env.E2E_PATIENCE ?? 1);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks `probe` until it gives something truthy, and returns that.
 * A probe that throws is asked again: pages reload, servers restart.
 */
export async function until(what, probe, usual_ms = 20_000) {
  const timeout_ms = usual_ms * PATIENCE;
  const deadline = Date.now() + timeout_ms;
  let last;
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      const shown = last instanceof Error ? last.message : JSON.stringify(last, bigints);
      throw new Error(`not within ${timeout_ms / 1000} s: ${what} (last: ${shown})`);
    }
    await pause(LOOK_MS);
  }
}

const bigints = (_, value) => (typeof value === "bigint" ? `${value}` : value);
