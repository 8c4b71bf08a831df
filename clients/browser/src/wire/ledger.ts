// The ledger: takes entries as lanes deliver them, gives them back in strict order of seq, once,
// and follows
// the hash chain so that receipts can be checked against it.
import { same } from "./bytes";
import { chain, type Entry, type Withheld } from "./entry";

/** A place in a stream. */
export type Position = { epoch: number; seq: number };

const hashes_max = 512;
const ahead_max = 1024;

/** What became of a message: a fact in turn, one to keep or to forget, or a hole in the stream. */
export type Taken = Entry | "kept" | "old" | "withheld" | "hole";

export class Ledger {
  position: Position = { epoch: 0, seq: 0 };
  hash: Uint8Array = new Uint8Array(32);
  /** False once a receipt or a leaf did not fit. */
  sound = true;
  /** Entries for this person alone; they come before their place in the facts lane. */
  private ahead = new Map<number, Entry>();
  private hashes = new Map<number, Uint8Array>();
  private receipts = new Map<number, Uint8Array>();

  /** Starts at a snapshot. */
  start(position: Position, hash: Uint8Array): void {
    this.position = { ...position };
    this.hash = hash;
    this.hashes = new Map([[position.seq, hash]]);
    for (const seq of this.ahead.keys()) if (seq <= position.seq) this.ahead.delete(seq);
    this.settle(position.seq);
    for (const seq of this.receipts.keys()) if (seq <= position.seq) this.receipts.delete(seq);
  }

  /** Forgets what came ahead of its turn: a resumed connection delivers it again. */
  forgetAhead(): void {
    this.ahead.clear();
  }

  /** Takes an entry. */
  entry(entry: Entry): Taken {
    if (entry.seq <= this.position.seq) return "old";
    if (entry.audience !== 0) {
      if (this.ahead.size >= ahead_max) return "hole";
      this.ahead.set(entry.seq, entry);
      return "kept";
    }
    return this.step(entry.seq, entry.leaf, entry.epoch) ? entry : "hole";
  }

  /** Takes the place of an entry that not everybody may see. */
  withheld(place: Withheld): Taken {
    if (place.seq <= this.position.seq) return "old";
    const kept = this.ahead.get(place.seq);
    this.ahead.delete(place.seq);
    if (!this.step(place.seq, place.leaf, kept?.epoch ?? this.position.epoch)) return "hole";
    if (!kept) return "withheld";
    if (same(kept.leaf, place.leaf)) return kept;
    this.sound = false;
    return "withheld";
  }

  /** Takes a receipt: the hash that the stream must have after `seq`. */
  receipt(seq: number, hash: Uint8Array): void {
    this.receipts.set(seq, hash);
    this.settle(seq);
  }

  private step(seq: number, leaf: Uint8Array, epoch: number): boolean {
    if (seq !== this.position.seq + 1) return false;
    this.hash = chain(this.hash, leaf);
    this.position = { epoch, seq };
    this.hashes.set(seq, this.hash);
    this.hashes.delete(seq - hashes_max);
    this.settle(seq);
    return true;
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
