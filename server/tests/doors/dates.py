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


def clock(value):
    """A time on the clocks of its zone: what a calendar shows, whatever their offset is that day."""
    return value.dt.replace(tzinfo=None)


rule = rrulestr(master["RRULE"].to_ical().decode(), dtstart=clock(master["DTSTART"]))
gone = master.get("EXDATE", [])
gone = gone if isinstance(gone, list) else [gone]
gone = {clock(date) for one in gone for date in one.dts}
gone |= {clock(event["RECURRENCE-ID"]) for event in others}
dates = [date for date in rule if date not in gone] + [clock(event["DTSTART"]) for event in others]
for date in sorted(dates):
    print(date.strftime("%Y-%m-%dT%H:%M"))
