#!/usr/bin/env python3
"""A mail server of the tests: takes letters and writes what it understood of each to a folder.

sink.py FOLDER [CERTIFICATE KEY NAME PASSWORD]   the port is written to FOLDER/port

With a certificate it insists on STARTTLS and on that name and password. While FOLDER/away is there
it takes nothing. Calendar parts are read by a library that knows nothing of Convoke.
"""
import email
import email.policy
import json
import os
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from icalendar import Calendar

folder = sys.argv[1]


def event(text):
    calendar = Calendar.from_ical(text)
    found = [part for part in calendar.walk("VEVENT")]
    zones = [str(part["TZID"]) for part in calendar.walk("VTIMEZONE")]
    (one,) = found
    return {
        "method": str(calendar["METHOD"]),
        "uid": str(one["UID"]),
        "sequence": int(one["SEQUENCE"]),
        "start": one["DTSTART"].dt.isoformat(),
        "zone": str(one["DTSTART"].params.get("TZID")),
        "zones": zones,
        "duration": int(one["DURATION"].dt.total_seconds()),
        "rule": one["RRULE"].to_ical().decode() if "RRULE" in one else None,
        "summary": str(one["SUMMARY"]),
        "status": str(one["STATUS"]),
        "organizer": str(one["ORGANIZER"]),
        "attendee": str(one["ATTENDEE"]),
    }


class Handler:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        if os.path.exists(os.path.join(folder, "away")):
            return "451 come again"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part for part in message.walk() if not part.is_multipart()]
        calendars = [part for part in parts if part.get_content_type() == "text/calendar"]
        letter = {
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "head": str(message["To"]),
            "subject": str(message["Subject"]),
            "text": parts[0].get_content(),
            "types": [part.get_content_type() for part in parts],
            "tls": session.ssl is not None,
            "event": event(calendars[0].get_content()) if calendars else None,
        }
        Handler.count += 1
        path = os.path.join(folder, f"{Handler.count:04}.json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(letter, file)
        os.rename(path + ".new", path)
        return "250 taken"


def main():
    settings = {}
    if len(sys.argv) > 2:
        certificate, key, name, password = sys.argv[2:6]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def known(server, session, envelope, mechanism, data):
            fits = (data.login.decode(), data.password.decode()) == (name, password)
            # Handled: the answer was given. One that fails is given by the server.
            return AuthResult(success=fits, handled=fits)

        settings = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": known,
            "auth_required": True,
        }
    import socket

    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, **settings)
    controller.start()
    with open(os.path.join(folder, "port.new"), "w", encoding="ascii") as file:
        file.write(str(port))
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    # Ends with whoever started it.
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)


main()
