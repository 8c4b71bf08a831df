"""Reads renderings of a public list with parsers of others, and compares what they say.

valid.py SCHEMA FOLDER MEETINGS
"""

import datetime
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

import feedparser
import icalendar
import jsonschema

schema, folder, expected = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
schema = json.loads(pathlib.Path(schema).read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
checker = jsonschema.FormatChecker()


def read(form):
    return (folder / f"meetings.{form}").read_bytes()


def fail(why):
    sys.exit(f"{why}")


# JSON, by its schema.
listed = json.loads(read("json"))
jsonschema.Draft202012Validator(schema, format_checker=checker).validate(listed)
meetings = listed["meetings"]
if len(meetings) != expected:
    fail(f"{len(meetings)} meetings in JSON, {expected} expected")
dates = [(meeting, date) for meeting in meetings for date in meeting["dates"]]

# The calendar: an event for each date, with the same instant and the same words.
raw = read("ics")
if any(len(line) > 75 for line in raw.split(b"\r\n")):
    fail("a line of the calendar is longer than 75 bytes")
calendar = icalendar.Calendar.from_ical(raw)
events = list(calendar.walk("VEVENT"))
if len(events) != len(dates):
    fail(f"{len(events)} events, {len(dates)} dates")
if len({str(event["UID"]) for event in events}) != len(events):
    fail("two events have one UID")
for event in events:
    errors = getattr(event, "errors", [])
    if errors:
        fail(f"an event has errors: {errors}")
    for needed in ("UID", "DTSTAMP", "DTSTART", "SUMMARY"):
        if needed not in event:
            fail(f"an event has no {needed}")
instant = "%Y-%m-%dT%H:%M:%SZ"
for (meeting, date), event in zip(dates, events):
    begins = event["DTSTART"].dt.astimezone(datetime.timezone.utc).strftime(instant)
    if begins != date["begins"]:
        fail(f"{begins} in the calendar, {date['begins']} in JSON")
    if str(event["SUMMARY"]) != meeting.get("topic", "Meeting"):
        fail(f"{event['SUMMARY']!r} in the calendar, {meeting.get('topic')!r} in JSON")

# Atom: well formed, with all that RFC 4287 asks for, and the same words.
feed = feedparser.parse(read("atom"))
if feed.bozo:
    fail(f"the feed is not well formed: {feed.bozo_exception}")
if feed.version != "atom10":
    fail(f"the feed is {feed.version!r}")
for needed in ("id", "title", "updated", "author"):
    if needed not in feed.feed:
        fail(f"the feed has no {needed}")
if len(feed.entries) != expected:
    fail(f"{len(feed.entries)} entries, {expected} expected")
if len({entry.id for entry in feed.entries}) != expected:
    fail("two entries have one id")
for entry in feed.entries:
    if not entry.updated_parsed or not entry.links:
        fail("an entry has no date or no link")
for meeting, entry in zip(meetings, ElementTree.fromstring(read("atom")).iter(
    "{http://www.w3.org/2005/Atom}entry"
)):
    title = entry.findtext("{http://www.w3.org/2005/Atom}title")
    words = "".join(c for c in meeting.get("topic", "Meeting") if c not in "\ufffe\uffff")
    if title != words:
        fail(f"{title!r} in the feed, {words!r} in JSON")
