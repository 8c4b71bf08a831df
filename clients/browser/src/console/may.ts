// Whether whoever looks may change something, or only look. The server decides; this hides what it
// would refuse.
import { signal } from "@preact/signals";

/** Whether changes are offered. */
export const mayChange = signal(false);
