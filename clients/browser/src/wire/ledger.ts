// The ledger: takes entries in whatever order lanes deliver them, gives them back in strict order of seq, once,
// and follows the hash chain so that receipts can be checked against it.
import { same } from "./bytes";
import { chain, type Entry, type Withheld } from "./entry";

/** A place in a stream. */
export type Position = { epoch: number; seq: number };

const hashes_max = 512;
const kept_max = 1024;

/** What the ledger says about what it was given. */
export type Taken = "applied" | "duplicate" | "kept" | "broken";

export class Ledger {
  position: Position = { epoch: 0, seq: 0 };
  hash: Uint8Array = new Uint8Array(32);
  /** False once a receipt or a leaf did not fit. */
  sound = true;
  private kept = new Map<number, Entry>();
  private places = new Map<number, Withheld>();
  private hashes = new Map<number, Uint8Array>();
  private receipts = new Map<number, Uint8Array>();

  /** Starts at a snapshot; `out` receives what came ahead of it and is in turn now. */
  start(position: Position, hash: Uint8Array, out: Entry[]): void {
    this.position = { ...position };
    this.hash = hash;
    this.hashes.clear();
    this.hashes.set(position.seq, hash);
    for (const seq of [...this.kept.keys()]) if (seq <= position.seq) this.kept.delete(seq);
    for (const seq of [...this.places.keys()]) if (seq <= position.seq) this.places.delete(seq);
    this.settle(position.seq);
    for (const seq of [...this.receipts.keys()]) if (seq <= position.seq) this.receipts.delete(seq);
    this.advance(out);
  }

  /** Forgets what came ahead of its turn: a resumed connection delivers it again. */
  forgetAhead(): void {
    this.kept.clear();
    this.places.clear();
  }

  /** How many came ahead of their turn and wait. */
  get waiting(): number {
    return this.kept.size + this.places.size;
  }

  /** True when entries wait that no lane can still fill in: the stream has a hole. */
  get hasGap(): boolean {
    return this.places.size > 0 || [...this.kept.values()].some((entry) => entry.audience === 0);
  }

  /** Takes an entry; `out` receives what is in turn now. */
  entry(entry: Entry, out: Entry[]): Taken {
    if (entry.seq <= this.position.seq) return "duplicate";
    if (this.waiting >= kept_max) return "broken";
    this.kept.set(entry.seq, entry);
    if (entry.seq !== this.position.seq + 1) {
      this.advance(out);
      return "kept";
    }
    this.advance(out);
    return "applied";
  }

  /** Takes the place of an entry that may have come by another lane. */
  withheld(place: Withheld, out: Entry[]): Taken {
    if (place.seq <= this.position.seq) {
      const held = this.kept.get(place.seq);
      if (held) this.kept.delete(place.seq);
      return "duplicate";
    }
    const early = this.kept.get(place.seq);
    if (early && !same(early.leaf, place.leaf)) {
      this.sound = false;
      this.kept.delete(place.seq);
    }
    if (this.waiting >= kept_max) return "broken";
    this.places.set(place.seq, place);
    const before = this.position.seq;
    this.advance(out);
    return this.position.seq > before ? "applied" : "kept";
  }

  /** Takes a receipt: the hash that the stream must have after `seq`. */
  receipt(seq: number, hash: Uint8Array): void {
    this.receipts.set(seq, hash);
    this.settle(seq);
  }

  private advance(out: Entry[]): void {
    for (;;) {
      const seq = this.position.seq + 1;
      const entry = this.kept.get(seq);
      const place = this.places.get(seq);
      if (!entry && !place) return;
      this.kept.delete(seq);
      this.places.delete(seq);
      const leaf = entry?.leaf ?? place?.leaf;
      if (!leaf) return;
      this.hash = chain(this.hash, leaf);
      this.position = { epoch: entry?.epoch ?? this.position.epoch, seq };
      this.hashes.set(seq, this.hash);
      this.hashes.delete(seq - hashes_max);
      this.settle(seq);
      if (entry) out.push(entry);
    }
  }

  private settle(seq: number): void {
    const receipt = this.receipts.get(seq);
    const hash = this.hashes.get(seq);
    if (receipt && hash) {
      this.receipts.delete(seq);
      if (!same(receipt, hash)) this.sound = false;
    }
  }
}
