"""Checkpoints (signed notes) and the keys that sign them. Written from docs/LOG.md."""
import base64
import hashlib

from ed25519 import is_signed


def base64_of(text):
    """The bytes of base64 as it is written in one way only; ValueError otherwise."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError
    return data


def parse_key(text):
    """(name, key id, public key) of a .vkey file's text, or None."""
    try:
        name, key_id, key = text.rstrip().split("+", 2)
        key = base64_of(key)
    except ValueError:
        return None
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()
    if len(key) != 33 or key[0] != 1 or digest[:4].hex() != key_id:
        return None
    return name, digest[:4], key[1:]


def parse_note(raw, keys):
    """(entries, root, the key that signed it or None), or None when this is no checkpoint."""
    try:
        text, signatures = raw.decode("utf-8").split("\n\n", 1)
        origin, size, root, _epoch = text.split("\n")
        size, root = int(size), base64_of(root)
    except ValueError:
        return None
    if len(root) != 32 or not 0 <= size < 2**64:
        return None
    for line in signatures.split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, signature = rest.partition(" ")
        try:
            signature = base64_of(signature)
        except ValueError:
            continue
        for key in keys if dash == "\u2014" and name == origin else []:
            if key[:2] == (name, signature[:4]):
                if is_signed(key[2], (text + "\n").encode(), signature[4:]):
                    return size, root, key
    return size, root, None
