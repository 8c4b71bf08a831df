// Every meeting of the server, and what an administrator can do about one.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { dateAndTime } from "../../i18n";
import { showMeetingId } from "../../model/id";
import { Select } from "../../ui/controls";
import { Menu, type MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import type { List, Meeting } from "../calls";
import { LiveMark } from "../live_mark";
import { useActive } from "../live";
import { mayChange } from "../may";
import { Dots, Table, type Column } from "../table";
import { words } from "../words";
import { MeetingDialog, type Deed } from "./meeting_dialogs";

const lists: List[] = ["active", "scheduled", "past", "cancelled"];

/** The page. */
export function MeetingsPage(): JSX.Element {
  const t = words.value.meetings;
  const [list, setList] = useState<List>("active");
  const [round, setRound] = useState(0);
  const active = useActive();
  const [asked, setAsked] = useState<{ deed: Deed; meeting: Meeting } | null>(null);
  const ask = (deed: Deed, meeting: Meeting) => setAsked({ deed, meeting });
  const actions = (meeting: Meeting): MenuItem[] => {
    const item = (
      deed: Deed,
      icon: "eye" | "lock" | "chat" | "stop" | "close" | "refresh" | "people",
      label: string,
      bad = false,
    ): MenuItem => ({ icon, label, bad, act: () => ask(deed, meeting) });
    if (!mayChange.value) return meeting.list === "active" ? [item("look", "eye", t.look)] : [];
    const give = item("transfer", "people", t.transfer);
    switch (meeting.list) {
      case "active":
        return [
          item("look", "eye", t.look),
          item(meeting.locked ? "unlock" : "lock", "lock", meeting.locked ? t.unlock : t.lock),
          item("message", "chat", t.message),
          null,
          give,
          item("end", "stop", t.end, true),
        ];
      case "scheduled":
      case "past":
        return [give, item("cancel", "close", t.cancel, true)];
      case "cancelled":
        return [item("restore", "refresh", t.restore), give];
    }
  };
  const columns: Column<Meeting>[] = [
    {
      name: t.topic,
      sort: "topic",
      cell: (row) => (
        <>
          <b class="block">{row.topic}</b>
          <span class="row wrap small muted">
            <span class="mono">{showMeetingId(row.id)}</span>
            {row.locked && <span class="tag warm">{t.locked}</span>}
            {row.plan?.public && <span class="tag">{t.public}</span>}
          </span>
        </>
      ),
    },
    { name: t.host, sort: "host", cell: (row) => row.host },
    ...(list === "active"
      ? [{ name: t.here, sort: "here", cell: (row: Meeting) => row.here }]
      : []),
    ...(list === "scheduled"
      ? [
          {
            name: t.starts,
            sort: "starts",
            cell: (row: Meeting) =>
              row.starts_ms === null ? t.anyTime : dateAndTime(row.starts_ms),
          },
        ]
      : []),
    ...(list === "cancelled"
      ? [
          {
            name: t.cancelledAt,
            cell: (row: Meeting) =>
              row.cancelled_ms === null ? "" : dateAndTime(row.cancelled_ms),
          },
        ]
      : []),
    {
      name: t.held,
      sort: "sessions",
      cell: (row) => (row.sessions === 0 ? t.never : t.times(row.sessions)),
    },
    { name: t.created, sort: "created", cell: (row) => dateAndTime(row.created_ms) },
    {
      name: words.value.table.actions,
      end: true,
      cell: (row) =>
        actions(row).length > 0 && (
          <Menu
            class="btn small icon quiet"
            label={words.value.table.actionsFor(row.topic)}
            items={actions(row)}
          >
            <Dots />
          </Menu>
        ),
    },
  ];
  return (
    <>
      <div class="row wrap">
        <p class="muted grow">{t.lead}</p>
        {list === "active" && <LiveMark />}
      </div>
      <Table
        key={list}
        label={t.list[list]}
        path="/meetings"
        query={{ list }}
        columns={columns}
        id={(row) => row.id}
        sort={list === "active" ? "-here" : "-created"}
        empty={t.none[list]}
        round={round + (list === "active" ? active : 0)}
        tools={
          <Select label={t.lists} value={list} onValue={(value) => setList(value as List)}>
            {lists.map((one) => (
              <option key={one} value={one}>
                {t.list[one]}
              </option>
            ))}
          </Select>
        }
      />
      {asked && (
        <MeetingDialog
          {...asked}
          onClose={() => setAsked(null)}
          onDone={(done) => {
            setAsked(null);
            toast(done);
            setRound(round + 1);
          }}
        />
      )}
    </>
  );
}
