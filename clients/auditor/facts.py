"""The facts that bind streams and media to each other, read from entries. From docs/LOG.md."""
import hashlib
import zlib

OPENED, ENDED, SEALED, SESSION_ENDED = 0x0101, 0x0102, 0x0803, 0x2003


def value(data, at):
    """The MessagePack value at `at`, and where the next one begins."""
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind < 0x90 or kind in (0xDE, 0xDF):
        count, at = (kind & 15, at) if kind < 0x90 else number(data, at, 2 << (kind - 0xDE))
        found = {}
        for _ in range(count):
            key, at = value(data, at)
            found[key], at = value(data, at)
        return found, at
    if kind < 0xA0 or kind in (0xDC, 0xDD):
        count, at = (kind & 15, at) if kind < 0xA0 else number(data, at, 2 << (kind - 0xDC))
        found = []
        for _ in range(count):
            one, at = value(data, at)
            found.append(one)
        return found, at
    if kind < 0xC0 or 0xD9 <= kind <= 0xDB or 0xC4 <= kind <= 0xC6:
        size = kind & 31
        if kind >= 0xC0:
            size, at = number(data, at, 1 << (kind - (0xD9 if kind >= 0xD9 else 0xC4)))
        if at + size > len(data):
            raise ValueError
        part = bytes(data[at : at + size])
        return (part if 0xC4 <= kind <= 0xC6 else part.decode("utf-8")), at + size
    if 0xCC <= kind <= 0xD3:
        return number(data, at, 1 << (kind & 3), kind >= 0xD0)
    if kind >= 0xE0:
        return kind - 256, at
    if kind in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at
    raise ValueError


def number(data, at, size, signed=False):
    if at + size > len(data):
        raise ValueError
    return int.from_bytes(data[at : at + size], "big", signed=signed), at + size


def fact(header, payload, event_type, *names):
    """The fields of an entry's fact when it is of this type and can be read, or None."""
    if int.from_bytes(header[2:4], "little") != event_type or not any(payload):
        return None
    try:
        found, _ = value(payload, 16)
        for name in names:
            found = found[name]
        return found
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


class Ties:
    """What facts say of other streams and of media, to be held against them."""

    def __init__(self):
        self.hashes, self.opened, self.over, self.ended, self.seals = {}, [], set(), {}, []

    def entry(self, stream, seq, chain, header, payload):
        self.hashes.setdefault(stream, {})[seq] = chain
        meeting, session = stream
        if session and seq == 1:
            opening = fact(header, payload, OPENED, "lifecycle", "opened")
            if opening:
                self.opened.append((stream, opening["meeting_seq"], opening["meeting_hash"]))
        if session and header[2:4] == ENDED.to_bytes(2, "little"):
            self.over.add(stream)
        seal = session and fact(header, payload, SEALED, "recording", "media_sealed")
        if seal:
            self.seals.append((stream, seq, seal["from"], seal["to"], seal["sha256"]))
        end = not session and fact(header, payload, SESSION_ENDED, "session_ended")
        if end:
            self.ended[meeting, end["session"]] = end["tail"]["seq"], end["hash"]

    def check(self, finding, only=None):
        """`only` is the session of an archive: the others of its meeting are elsewhere."""
        for (meeting, session), seq, chain in self.opened:
            known = self.hashes.get((meeting, 0), {})
            if (known.get(seq) if seq else bytes(32)) != chain:
                finding(f"stream {meeting}/{session} was opened on another stream of its meeting")
        for stream, (seq, chain) in self.ended.items():
            if only in (None, stream) and self.hashes.get(stream, {}).get(seq) != chain:
                finding("stream %d/%d does not end as its meeting notes" % stream)
        for stream in self.over - self.ended.keys():
            finding("stream %d/%d ended and its meeting does not know" % stream)

    def check_media(self, finding, media_of):
        """`media_of` gives the bytes of a session's media file, or None."""
        for stream, seq, start, end, digest in self.seals:
            media = media_of(stream)
            part = None if media is None else media[start:end]
            where = "stream %d/%d, seq %d" % (*stream, seq)
            if part is None or len(part) != end - start or start > end:
                finding(f"sealed media are missing: {where}")
            elif hashlib.sha256(part).digest() != digest:
                if is_erased(part):
                    print(f"note: sealed media are zeros: {where}; an Erased fact must cover them")
                else:
                    finding(f"damaged media: {where}")


def is_erased(part):
    """Whether these are whole frames whose payloads are zeros."""
    at = 0
    while at + 24 <= len(part):
        size = int.from_bytes(part[at : at + 4], "little")
        if zlib.crc32(part[at : at + 20]) != int.from_bytes(part[at + 20 : at + 24], "little"):
            return False
        if any(part[at + 24 : at + 24 + size]):
            return False
        at += 24 + size
    return at == len(part)
