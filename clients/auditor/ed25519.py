"""Ed25519 signatures, checked strictly. Written from RFC 8032, section 5.1; standard library only.

What some verifiers accept and others do not is refused here, as docs/LOG.md says: S is below the
order of the group, both points are written in the one canonical way and are not of small order, and
the equation is checked without the cofactor. So of one text and one key there is one answer. Nothing
here is secret, so it need not always take the same time.
"""
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)  # Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z.


def add(a, b):
    """The sum of two points (section 5.1.4)."""
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    """A multiple of a point."""
    sum = NEUTRAL
    while number > 0:
        if number & 1:
            sum = add(sum, point)
        point, number = add(point, point), number >> 1
    return sum


def is_same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(data):
    """The point that 32 bytes stand for (section 5.1.3); None when they are not its one way."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(key, text, signature):
    """Whether `signature` (64 bytes) is one of `text` by the holder of `key` (32 bytes)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    by, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if by is None or r is None or s >= ORDER:
        return False
    if any(is_same(times(8, point), NEUTRAL) for point in (by, r)):
        return False  # Of small order: such a key or point would fit many texts.
    digest = hashlib.sha512(signature[:32] + key + text).digest()
    k = int.from_bytes(digest, "little") % ORDER
    return is_same(times(s, BASE), add(r, times(k, by)))
