// The meetings of a host: what is to come, what was, what was called off; and what can be done.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Meeting } from "../api";
import { refusalSentence, text } from "../i18n";
import { showMeetingId } from "../model/id";
import { Button } from "../ui/controls";
import { Icon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { toast } from "../ui/toast";
import { CancelDialog, InvitationDialog, TransferDialog } from "./dialogs";
import { DatesDialog } from "./dates";
import { shownTime } from "./times";

type Props = {
  /** Nothing while they are being asked for. */
  list: Meeting[] | null;
  mail: boolean;
  onOpen: (meeting: Meeting) => Promise<void>;
  onEdit: (meeting: Meeting) => void;
  onChanged: () => void;
};

type Asked = "invite" | "cancel" | "transfer" | "dates";
type Tab = "coming" | "past" | "cancelled";

function tabOf(meeting: Meeting): Tab {
  if (meeting.state === "cancelled") return "cancelled";
  return meeting.state === "past" ? "past" : "coming";
}

/** What runs comes first, then what begins next, then what has no time, the newest first. */
function order(a: Meeting, b: Meeting): number {
  const key = (m: Meeting) => (m.running ? 0 : (m.when?.next_ms ?? Number.MAX_SAFE_INTEGER));
  return key(a) - key(b) || (b.created_ms ?? 0) - (a.created_ms ?? 0);
}

/** The list, with one tab for each thing a meeting can be. */
export function Mine({ list, mail, onOpen, onEdit, onChanged }: Props): JSX.Element {
  const t = text.value;
  const [tab, setTab] = useState<Tab>("coming");
  const [shown, setShown] = useState<[Asked, Meeting] | null>(null);
  const [opening, setOpening] = useState<string | null>(null);
  const tabs: [Tab, string][] = [
    ["coming", t.schedule.coming],
    ["past", t.schedule.past],
    ["cancelled", t.schedule.cancelled],
  ];
  const rows = list?.filter((meeting) => tabOf(meeting) === tab).sort(order);
  const open = async (meeting: Meeting) => {
    setOpening(meeting.id);
    await onOpen(meeting);
    setOpening(null);
  };
  const restore = async (meeting: Meeting) => {
    const answer = await api.restore(meeting.id);
    toast(
      answer.ok ? t.schedule.restored(meeting.topic) : refusalSentence(answer.refusal),
      !answer.ok,
    );
    onChanged();
  };
  const changed = () => {
    setShown(null);
    onChanged();
  };
  const dates = (meeting: Meeting): MenuItem => ({
    icon: "clock",
    label: t.schedule.dates,
    act: () => setShown(["dates", meeting]),
  });
  const calendar = (meeting: Meeting): MenuItem => ({
    icon: "calendar",
    label: t.schedule.calendar,
    act: () => location.assign(`/api/v1/meetings/${meeting.id}/calendar`),
  });
  const items = (meeting: Meeting): MenuItem[] => [
    {
      icon: "invite",
      label: t.start.invitationTitle,
      act: () => setShown(["invite", meeting]),
    },
    { icon: "settings", label: t.schedule.edit, act: () => onEdit(meeting) },
    ...(meeting.when?.rule ? [dates(meeting)] : []),
    ...(meeting.when ? [calendar(meeting)] : []),
    { icon: "people", label: t.schedule.transfer, act: () => setShown(["transfer", meeting]) },
    null,
    {
      icon: "remove",
      label: t.schedule.cancel,
      bad: true,
      act: () => setShown(["cancel", meeting]),
    },
  ];
  return (
    <section class="card stack" aria-labelledby="mine-title">
      <h2 id="mine-title">{t.start.mine}</h2>
      {list === null && (
        <p class="row muted">
          <span class="spin" aria-hidden="true" />
          {t.ui.loading}
        </p>
      )}
      {list !== null && list.length > 0 && (
        <div class="row wrap" role="group" aria-label={t.start.mine}>
          {tabs.map(([value, name]) => (
            <Button
              key={value}
              size="small"
              kind={tab === value ? "soft" : "quiet"}
              aria-pressed={tab === value}
              onClick={() => setTab(value)}
            >
              {name} ({list.filter((meeting) => tabOf(meeting) === value).length})
            </Button>
          ))}
        </div>
      )}
      {rows?.length === 0 && (
        <p class="muted">{list?.length === 0 ? t.start.none : t.schedule.empty[tab]}</p>
      )}
      {rows && rows.length > 0 && (
        <ul class="meetings">
          {rows.map((meeting) => (
            <li key={meeting.id}>
              <div class="grow">
                <b class="two-lines">{meeting.topic}</b>
                {meeting.when && (
                  <span class="block small">
                    {shownTime(
                      meeting.when.next_ms ?? meeting.when.begins_ms,
                      meeting.when.minutes,
                    )}
                  </span>
                )}
                <span class="row wrap small muted">
                  <span class="mono">{showMeetingId(meeting.id)}</span>
                  {meeting.type === 4 ? t.types.video : t.types.interactive}
                  {meeting.recurring && <span class="tag">{t.schedule.series}</span>}
                  {meeting.public && <span class="tag">{t.schedule.publicTag}</span>}
                  {meeting.running && <span class="tag accent">{t.start.live}</span>}
                </span>
              </div>
              {tab === "cancelled" ? (
                <Button
                  kind="soft"
                  size="small"
                  aria-label={`${t.schedule.restore}: ${meeting.topic}`}
                  onClick={() => void restore(meeting)}
                >
                  {t.schedule.restore}
                </Button>
              ) : (
                <>
                  {meeting.invitation && (
                    <Button
                      kind="quiet"
                      size="small"
                      icon="copy"
                      label={`${t.start.invitation}: ${meeting.topic}`}
                      onClick={() => setShown(["invite", meeting])}
                    />
                  )}
                  <Menu
                    label={`${t.schedule.actions}: ${meeting.topic}`}
                    class="btn quiet small icon"
                    items={items(meeting)}
                  >
                    <Icon name="more" />
                  </Menu>
                  <Button
                    kind="soft"
                    size="small"
                    busy={opening === meeting.id}
                    aria-label={`${t.start.open}: ${meeting.topic}`}
                    onClick={() => void open(meeting)}
                  >
                    {t.start.open}
                  </Button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {shown?.[0] === "invite" && (
        <InvitationDialog
          words={shown[1].invitation ?? ""}
          meeting={mail ? shown[1] : null}
          onClose={changed}
        />
      )}
      {shown?.[0] === "dates" && <DatesDialog meeting={shown[1]} onClose={changed} />}
      {shown?.[0] === "cancel" && (
        <CancelDialog meeting={shown[1]} onClose={() => setShown(null)} onDone={changed} />
      )}
      {shown?.[0] === "transfer" && (
        <TransferDialog meeting={shown[1]} onClose={() => setShown(null)} onDone={changed} />
      )}
    </section>
  );
}
