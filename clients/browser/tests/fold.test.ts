// The fold is held equal to the model by the examples in schemas/examples/folds.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonical, viewHash } from "../src/model/canonical";
import { apply } from "../src/model/fold";
import { readSnapshot } from "../src/model/snapshot";
import { emptyView, type To } from "../src/model/view";
import { hex, num, unhex, unpack } from "../src/wire/bytes";
import {
  chain,
  entry_kind,
  readEntry,
  readShort,
  readWithheld,
  short_kind,
  type Entry,
} from "../src/wire/entry";
import { Ledger } from "../src/wire/ledger";

type Example = {
  viewer: unknown;
  meeting: number;
  session: number;
  snapshot: string | null;
  messages: { hex: string; seq: number; canonical: string; state_hash: string; chain: string }[];
  chat: { seq: number; time: number; from: number; name: string; to: To; text: string }[];
};

const folder = join(import.meta.dirname, "../../../schemas/examples/folds");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

it("there are examples", () => expect(files.length).toBeGreaterThanOrEqual(8));

describe.each(files)("%s", (file) => {
  it("folds to the same text, hash and chain after every message", () => {
    const example = JSON.parse(readFileSync(join(folder, file), "utf8")) as Example;
    const ledger = new Ledger();
    let view = emptyView();
    if (example.snapshot !== null) {
      const body = (
        unpack(unhex(example.snapshot).subarray(1)) as { snapshot: Record<string, unknown> }
      ).snapshot;
      const at = body["position"] as Record<string, unknown>;
      ledger.start({ epoch: num(at["epoch"]), seq: num(at["seq"]) }, body["hash"] as Uint8Array);
      view = readSnapshot(body["view"] as Record<string, unknown>);
    }
    // An auditor reads the log itself: every entry is in its place, whoever it was for.
    const auditor = example.viewer === "auditor";
    const read = (entry: Entry): Entry | string => {
      if (!auditor) return ledger.entry(entry);
      if (entry.seq <= ledger.position.seq) return "old";
      ledger.hash = chain(ledger.hash, entry.leaf);
      ledger.position = { epoch: entry.epoch, seq: entry.seq };
      return entry;
    };
    for (const message of example.messages) {
      const bytes = unhex(message.hex);
      const taken =
        bytes[0] === entry_kind
          ? read(readEntry(bytes))
          : bytes[0] === short_kind
            ? read(readShort(bytes, example))
            : ledger.withheld(readWithheld(bytes));
      expect(taken).not.toBe("hole");
      if (typeof taken !== "string") apply(view, taken);
      expect(ledger.position.seq).toBe(message.seq);
      expect(canonical(view)).toBe(message.canonical);
      expect(viewHash(view)).toBe(message.state_hash);
      expect(hex(ledger.hash)).toBe(message.chain);
    }
    expect(view.chat).toEqual(example.chat);
  });
});
