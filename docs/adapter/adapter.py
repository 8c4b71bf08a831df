#!/usr/bin/env python3
"""An adapter: tells Convoke who may sign in. One file, nothing but Python's standard library.

    python3 adapter.py --listen 127.0.0.1:8088 --people people.json
    python3 adapter.py --hash               # reads a password, prints what people.json keeps of it

people.json:
    {"ann@example.org": {"password": "scrypt$...", "first_name": "Ann", "last_name": "Lee",
                         "user_id": "17", "privileges": ["InteractiveMeeting", "Chat"]}}

Replace `who_is` by a question to your own system; the rest can stay as it is. Then try it:

    convoke auth check-adapter http://127.0.0.1:8088/login --allow-loopback

Run it behind HTTPS unless it is on the same machine as Convoke: passwords travel in what it reads.
"""

import argparse
import base64
import getpass
import hashlib
import hmac
import http.server
import json
import os
import sys
import urllib.parse
from xml.sax.saxutils import escape

BODY_BYTES_MAX = 64 * 1024
PRIVILEGES = ["InteractiveMeeting", "Seminar", "RemoteSupport", "RemoteAccess", "SendFile", "Chat", "Record"]


def digest(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def make_hash(password):
    salt = os.urandom(16)
    parts = [salt, digest(password, salt)]
    return "scrypt$" + "$".join(base64.b64encode(part).decode() for part in parts)


def fits(password, kept):
    _, salt, expected = kept.split("$")
    found = digest(password, base64.b64decode(salt))
    return hmac.compare_digest(found, base64.b64decode(expected))


# Unknown people cost as much time as known ones, so that nobody can find out who is known.
NOBODY = make_hash("nobody")


def who_is(people, name, password):
    """The person, or a reason why not. This is the part to replace."""
    person = people.get(name)
    # An empty password is never right: asked with one, many directories let everybody in.
    right = fits(password or "?", person["password"] if person else NOBODY)
    if not (person and password and right):
        return None, "The name or the password is wrong."
    return person, ""


def answer(person, reason, nonce):
    """The XML that Convoke reads. Everything that is not ours is escaped."""
    fields = [("Status", "SUCCEED" if person else "FAILED"), ("Reason", reason)]
    if person:
        fields += [
            ("FirstName", person.get("first_name", "")),
            ("LastName", person.get("last_name", "")),
            ("Phone", person.get("phone", "")),
            ("UserId", person.get("user_id", "")),
            ("IsAdministrator", "Y" if person.get("administrator") else "N"),
        ]
        may = person.get("privileges", [])
        fields += [("Privilege" + name, "Y" if name in may else "N") for name in PRIVILEGES]
        fields += [("VideoConference", "Y" if "VideoConference" in may else "N")]
        if "time_zone" in person:
            fields += [("TimeZone", str(person["time_zone"]))]
    if nonce:
        fields += [("Nonce", nonce)]
    lines = [f"<__{name}__>{escape(text)}</__{name}__>" for name, text in fields]
    return "<__Return__>\n" + "\n".join(lines) + "\n</__Return__>\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A caller that says nothing is not waited for.
    timeout = 10
    people = {}

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= BODY_BYTES_MAX:
            return self.send_error(413)
        self.reply(self.rfile.read(length).decode("utf-8", "replace"))

    def do_GET(self):
        # As the original product asks. Addresses end up in logs: prefer POST.
        self.reply(urllib.parse.urlsplit(self.path).query)

    def reply(self, form):
        try:
            fields = urllib.parse.parse_qs(form, keep_blank_values=True, max_num_fields=16)
        except ValueError:
            fields = {}
        # A field that is given twice is as good as none: which one was meant?
        one = {name: values[0] for name, values in fields.items() if len(values) == 1}
        name, password = one.get("email", ""), one.get("password", "")
        nonce = "".join(c for c in one.get("nonce", "") if c in "0123456789abcdef")[:64]
        person, reason = who_is(self.people, name, password)
        body = answer(person, reason, nonce).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        # The first line of a request may hold a password: nothing of it is logged.
        pass


def main():
    words = argparse.ArgumentParser(description="Tells Convoke who may sign in.")
    words.add_argument("--listen", default="127.0.0.1:8088", metavar="HOST:PORT")
    words.add_argument("--people", metavar="FILE")
    words.add_argument("--hash", action="store_true", help="print what to keep of a password")
    words = words.parse_args()
    if words.hash:
        typed = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        print(make_hash(typed))
        return
    if not words.people:
        sys.exit("--people FILE is missing")
    with open(words.people, encoding="utf-8") as file:
        Handler.people = json.load(file)
    host, port = words.listen.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    server.daemon_threads = True
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
