#!/usr/bin/env python3
"""Prints the beginnings that a calendar file means, one a line, on its own clocks: read and worked
out by libraries that know nothing of Convoke (RFC 5545: RRULE, EXDATE, RECURRENCE-ID)."""
import sys

from dateutil.rrule import rrulestr
from icalendar import Calendar

calendar = Calendar.from_ical(sys.stdin.read())
assert str(calendar["METHOD"]) == "PUBLISH"
assert not any("ATTENDEE" in event for event in calendar.walk("VEVENT"))
events = calendar.walk("VEVENT")
(master,) = [event for event in events if "RECURRENCE-ID" not in event]
others = [event for event in events if "RECURRENCE-ID" in event]
assert all(event["UID"] == master["UID"] for event in others)
start = master["DTSTART"].dt
rule = rrulestr(master["RRULE"].to_ical().decode(), dtstart=start)
gone = master.get("EXDATE", [])
gone = gone if isinstance(gone, list) else [gone]
gone = {date.dt for one in gone for date in one.dts} | {one["RECURRENCE-ID"].dt for one in others}
dates = [date for date in rule if date not in gone] + [one["DTSTART"].dt for one in others]
for date in sorted(dates):
    print(date.strftime("%Y-%m-%dT%H:%M"))
