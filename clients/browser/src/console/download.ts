// A call whose answer is a file: it is saved, not shown.
import type { Answer } from "../api";
import type { Refusal } from "../boot";

const deadline_ms = 60_000;

/** Makes the call and saves what comes. */
export async function download(
  path: string,
  body: unknown,
  name: string,
): Promise<Answer<unknown>> {
  try {
    const response = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(deadline_ms),
    });
    if (!response.ok) {
      const refusal = (await response.json().catch(() => null)) as Partial<Refusal> | null;
      const code = refusal?.code ?? `http_${response.status}`;
      return { ok: false, refusal: { code, sentence: refusal?.sentence ?? "" } };
    }
    const address = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    URL.revokeObjectURL(address);
    return { ok: true, value: {} };
  } catch {
    return { ok: false, refusal: { code: "offline", sentence: "" } };
  }
}
