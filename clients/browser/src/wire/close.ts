// What a close code means for the person: over, or worth another try. The list is
// `schemas/close_codes.toml`.

/** What follows from the end of a connection. */
export type Ending =
  | { over: "left" | "removed" | "ended" | "elsewhere" | "ticket" | "refused" | "failed" }
  | { retry: "again" | "without requests" | "from a snapshot" };

/** The meaning of a close code; codes this client does not know are worth another try. */
export function ending(code: number): Ending {
  switch (code) {
    case 1000:
      return { over: "left" };
    case 4401:
      return { over: "ticket" };
    case 4403:
      return { over: "refused" };
    case 4404:
      return { over: "removed" };
    case 4409:
      return { over: "elsewhere" };
    case 4410:
      return { over: "ended" };
    case 4426:
      return { over: "failed" };
    case 1009:
    case 4400:
    case 4412:
      return { retry: "without requests" };
    case 4440:
      return { retry: "from a snapshot" };
    default:
      return { retry: "again" };
  }
}
