#!/usr/bin/env python3
"""Verifies a Convoke data folder or archive. Written from docs/LOG.md; shares no code with Convoke.

    verify.py [--key FILE.vkey] DATA_FOLDER        verify.py [--key FILE.vkey] FILE.archive

Prints what it found. Exit code 0: sound, 1: findings, 2: could not run. Standard library only.
Without --key the keys that lie in the folder or archive are believed: that shows no more than that
nothing was changed since somebody who had such a key wrote it.
"""
import base64
import hashlib
import os
import pathlib
import struct
import sys
import zlib

from facts import Ties
from note import parse_key, parse_note

findings = []
finding = findings.append
read = lambda path: pathlib.Path(path).read_bytes()
u32 = lambda data, at: struct.unpack_from("<I", data, at)[0]
u64 = lambda data, at: struct.unpack_from("<Q", data, at)[0]
sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()


def is_header(data, magic, crc_at, what):
    """Whether these are the bytes of a header of the version this program knows."""
    if data[:8] == magic and len(data) >= 12 and u32(data, 8) > 1:
        raise RuntimeError(f"{what} has format version {u32(data, 8)}; this program knows version 1")
    return data[:8] == magic and len(data) >= crc_at + 4 and zlib.crc32(data[:crc_at]) == u32(data, crc_at)


class Tree:
    """RFC 6962, kept as its peaks."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf = sha(b"\x01", self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        root = self.peaks[-1] if self.peaks else sha()
        for peak in reversed(self.peaks[:-1]):
            root = sha(b"\x01", peak, root)
        return root


def parse_entry(data, at, end):
    """(length, meeting, session, epoch, seq, header, payload), or None."""
    if end - at < 96 or data[at] != 1 or data[at + 1] != 1 or data[at + 21 : at + 24] != b"\0\0\0":
        return None
    size = u32(data, at + 4)
    if not 16 <= size <= 65536 or at + 96 + size > end:
        return None
    meeting, session, epoch = struct.unpack_from("<III", data, at + 8)
    header, payload = data[at : at + 96], data[at + 96 : at + 96 + size]
    return 96 + size, meeting, session, epoch, u64(data, at + 24), header, payload


class Streams:
    def __init__(self):
        self.tails, self.epoch, self.entries, self.erased = {}, 0, 0, 0
        self.ties = Ties()

    def entry(self, entry, leaf, where):
        _, meeting, session, epoch, seq, header, payload = entry
        name = f"stream {meeting}/{session}, seq {seq} ({where})"
        last, chain = self.tails.get((meeting, session), (0, bytes(32)))
        if seq != last + 1:
            finding(f"missing or doubled: {name} follows seq {last}")
        self.tails[(meeting, session)] = (seq, sha(chain, leaf))
        stream, chain = (meeting, session), self.tails[(meeting, session)][1]
        if sha(payload) == header[64:96]:
            self.ties.entry(stream, seq, chain, header, payload)
        else:
            self.ties.entry(stream, seq, chain, header, b"")
        if epoch < self.epoch:
            finding(f"epoch goes back: {name}")
        self.epoch = max(self.epoch, epoch)
        if sha(payload) != header[64:96]:
            self.erased += not any(payload)
            if any(payload):
                finding(f"damaged payload: {name}")
            else:
                print(f"note: the payload is zeros: {name}; an Erased fact must cover it")
        self.entries += 1


def known_heads(data, key):
    """What witness and checkpoints say: (who, size, root)."""
    heads, newest, signed = [], 0, []
    path = os.path.join(data, "log", "witness")
    slots = read(path) if os.path.exists(path) else b""
    if len(slots) != 8192:
        finding("the head witness is missing or has another length")
    for at in range(0, len(slots) - 95, 4096):
        slot = slots[at : at + 4096]
        whole = is_header(slot, b"CVKWIT\0\0", 92, "the head witness")
        if any(slot[96:] if whole else slot):
            finding("log/witness: a slot is damaged")
        if whole and u64(slot, 16) >= newest:
            newest, heads = u64(slot, 16), [("log/witness", u64(slot, 24), slot[32:64])]
    keys = [] if key is None else [key]
    for name in names_in(data, "keys", ".vkey"):
        keys.append(parse_key(read(os.path.join(data, "keys", name)).decode("utf-8", "replace")))
        if keys[-1] is None:
            finding(f"keys/{keys.pop() or name} is not a public key")
    for name in names_in(data, "checkpoints", ".note"):
        note = parse_note(read(os.path.join(data, "checkpoints", name)), keys)
        if note is None or note[2] is None:
            finding(f"checkpoints/{name} is not a note that a key of this folder signed")
        else:
            heads.append((f"checkpoints/{name}",) + note[:2])
            signed.append((note[0], note[2] == key))
    if key is not None and not max(signed, default=(0, False))[1]:
        finding("the newest checkpoint is not signed by the key of --key")
    return heads


def names_in(data, folder, end):
    path = os.path.join(data, folder)
    return sorted(n for n in os.listdir(path) if n.endswith(end)) if os.path.isdir(path) else []


def read_block(data, at, end):
    """(length, place, [(entry, leaf)]) of the block at `at`, or why there is none."""
    head = data[at : at + 32]
    if len(head) < 32 or head[:4] != b"CVB1" or zlib.crc32(head[:28]) != u32(head, 28):
        return "not a block"
    length, count, entry_bytes = struct.unpack_from("<III", head, 4)
    if length != 32 + entry_bytes + 40 * count or count == 0 or at + length > end:
        return "a block is cut short"
    crc, place, entries = zlib.crc32(head[:24]), u64(head, 16), []
    here, directory = at + 32, at + 32 + entry_bytes
    for number in range(count):
        entry = parse_entry(data, here, directory)
        if entry is None:
            return "an entry's header is damaged"
        crc = zlib.crc32(entry[5], crc)
        line = directory + 40 * number
        leaf = data[line + 8 : line + 40]
        if u64(data, line) != place + number or sha(b"\0", entry[5]) != leaf:
            return "the directory is wrong"
        entries.append((entry, leaf))
        here += entry[0]
    if here != directory or zlib.crc32(data[directory : at + length], crc) != u32(head, 24):
        return "headers or directory do not match their checksum"
    return length, place, entries


def verify_folder(data, key):
    heads = known_heads(data, key)  # First: the log only grows.
    folder = os.path.join(data, "log")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".seg"))
    tree, streams, previous_end = Tree(), Streams(), 0

    def compare():
        for head in [head for head in heads if head[1] == tree.size]:
            heads.remove(head)
            if head[2] != tree.root():
                finding(f"the first {tree.size} entries are not those of {head[0]}")

    compare()
    for number, name in enumerate(names, 1):
        raw = read(os.path.join(folder, name))
        last = number == len(names)
        if not is_header(raw, b"CVKSEG\0\0", 4092, name):
            if last and not any(raw[4096:]):
                break  # It was just being made.
            finding(f"{name}: the segment header is damaged")
            return streams
        peaks = [raw[1024 + 32 * n : 1056 + 32 * n] for n in range(min(u32(raw, 60), 64))]
        fits = u64(raw, 32) == number and name == f"{number:012}.seg"
        fits = fits and u64(raw, 48) == previous_end and u64(raw, 40) == tree.size
        if not fits or peaks != tree.peaks or raw[64:96] != tree.root():
            finding(f"{name} does not follow the segment before it")
            return streams
        end = len(raw)
        if not last:
            following = read(os.path.join(folder, names[number]))[:4096]
            if is_header(following, b"CVKSEG\0\0", 4092, names[number]):
                end = u64(following, 48)
            if end > len(raw):
                finding(f"{name} is cut short")
                return streams
        at, used = 4096, len(raw[:end].rstrip(b"\0"))
        while at < used:
            block = read_block(raw, at, end)
            if isinstance(block, str):
                if last:
                    break  # Unfinished; the witness tells whether something is missing.
                finding(f"{name}, byte {at}: {block}")
                return streams
            length, place, entries = block
            if place != tree.size:
                finding(f"{name}, byte {at}: a block is not the next in the node's order")
            for entry, leaf in entries:
                streams.entry(entry, leaf, f"{name}, byte {at}")
                tree.push(leaf)
                compare()
            at = (at + length + 63) // 64 * 64
        if not last and at < end:
            finding(f"{name}: nothing but zeros from byte {at} to its end at {end}")
            return streams
        previous_end = at
    for who, size, _ in heads:
        finding(f"the log ends after {tree.size} entries, but {who} knows of {size}")
    print(f"tree: {tree.size} entries, root {base64.b64encode(tree.root()).decode()}")
    streams.ties.check(finding)
    streams.ties.check_media(finding, lambda stream: media_in(data, stream))
    return streams


def media_in(data, stream):
    path = os.path.join(data, "media", "%08d-%d.media" % stream)
    return read(path) if os.path.exists(path) else None


def root_with_proof(first, size, kept, proof):
    """The root of a subtree of which `kept` [(place, leaf)] are at hand; takes hashes off `proof`."""
    if not kept:
        return proof.pop(0)
    if size == 1:
        if len(kept) != 1 or kept[0][0] != first:
            raise IndexError
        return kept[0][1]
    left = 1 << ((size - 1).bit_length() - 1)
    a = root_with_proof(first, left, [k for k in kept if k[0] < first + left], proof)
    b = root_with_proof(first + left, size - left, [k for k in kept if k[0] >= first + left], proof)
    return sha(b"\x01", a, b)


def verify_archive(path, key):
    raw, sections, streams = read(path), {}, Streams()
    if not is_header(raw, b"CVKARC\0\0", 60, path):
        finding("this is not an archive, or its header is damaged")
        return streams
    at = 64
    for _ in range(u32(raw, 24)):
        head = raw[at : at + 64]
        if len(head) < 64 or head[:4] != b"CVS1" or zlib.crc32(head[:60]) != u32(head, 60):
            finding(f"byte {at}: a section's header is damaged")
            return streams
        content = raw[at + 64 : at + 64 + u64(head, 8)]
        if len(content) != u64(head, 8) or sha(content) != head[16:48]:
            finding(f"byte {at}: a section does not match its digest")
            return streams
        if u32(head, 4) <= max(sections, default=0):
            finding(f"byte {at}: the sections are not in the order of their kinds, each once")
            return streams
        sections[u32(head, 4)] = content
        at += 64 + len(content)
    if at != len(raw):
        finding("something follows the last section")
    meeting, session = u32(raw, 16), u32(raw, 20)
    entries = []
    for kind, of in ((1, (meeting, 0)), (2, (meeting, session))):
        content, at, before = sections.get(kind, b""), 0, -1
        if not content:
            finding("the entries of stream %d/%d are missing" % of)
        while at < len(content):
            entry = parse_entry(content, at + 8, len(content))
            if entry is None:
                finding("not an entry")
                return streams
            if entry[1:3] != of or u64(content, at) <= before:
                finding(f"an entry is not the next of stream {of[0]}/{of[1]}")
                return streams
            before = u64(content, at)
            entries.append((before, entry))
            at += 8 + entry[0]
    leaves = []
    for place, entry in sorted(entries, key=lambda one: one[0]):
        leaves.append((place, sha(b"\0", entry[5])))
        streams.entry(entry, leaves[-1][1], f"place {place}")
    streams.ties.check(finding, (meeting, session))
    streams.ties.check_media(finding, lambda stream: sections.get(6))
    keys = [key or parse_key(sections.get(4, b"").decode("utf-8", "replace"))]
    note = parse_note(sections.get(3, b""), [one for one in keys if one])
    if note is None or note[2] is None or len(sections.get(5, b"")) < 8:
        finding("the archive has no checkpoint that the key signed: nothing covers its entries")
        return streams
    size, root, _ = note
    proof = sections[5]
    hashes = [proof[n : n + 32] for n in range(8, len(proof), 32)]
    try:
        found = root_with_proof(0, size, [one for one in leaves if one[0] < size], hashes)
    except IndexError:
        found = None
    if u64(proof, 0) != size or found != root or hashes:
        finding("the entries are not those that the checkpoint signs")
    newer = sum(place >= size for place, _ in leaves)
    print(f"checkpoint: {size} entries, root {base64.b64encode(root).decode()}, {newer} entries newer")
    if newer and (meeting, session) in streams.ties.over:
        finding(f"nothing signed covers {newer} entries, although the session is over")
    return streams


def main():
    words, key = sys.argv[1:], None
    try:
        if len(words) == 3 and words[0] == "--key":
            key = parse_key(read(words[1]).decode("utf-8", "replace"))
            if key is None:
                raise RuntimeError(f"{words[1]} is not a public key")
            words = words[2:]
        if len(words) != 1 or words[0] in ("-h", "--help"):
            print(__doc__)
            return 0 if words in (["-h"], ["--help"]) else 2
        verify = verify_folder if os.path.isdir(words[0]) else verify_archive
        streams = verify(words[0], key)
    except (RuntimeError, OSError) as error:
        print(f"cannot run: {error}")
        return 2
    for (meeting, session), (seq, chain) in sorted(streams.tails.items()):
        print(f"stream {meeting}/{session}: {seq} entries, hash {chain.hex()}")
    for text in findings:
        print(f"FINDING {text}")
    print(f"{streams.entries} entries, {streams.erased} erased, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
