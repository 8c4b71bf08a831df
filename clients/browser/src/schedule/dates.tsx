// The dates of a series: those to come, each of which can be moved, called off and taken back.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Answer, type Exception, type Meeting, type MeetingDate } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice } from "../ui/controls";
import { Dialog } from "../ui/dialog";
import { shownTime } from "./times";

type Props = {
  meeting: Meeting;
  onClose: () => void;
};

/** The dialog. What is changed in it is done at once, and each change can be taken back here. */
export function DatesDialog({ meeting: first, onClose }: Props): JSX.Element {
  const t = text.value.schedule;
  const [meeting, setMeeting] = useState(first);
  const [list, setList] = useState<{ dates: MeetingDate[]; more: boolean } | null>(null);
  const [moving, setMoving] = useState<string | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const read = async () => {
    const answer = await api.dates(meeting.id);
    if (answer.ok) setList(answer.value);
    else setRefusal(answer.refusal);
  };
  useEffect(() => void read(), []);
  const put = async (date: string, exception: Exception | null) => {
    const when = meeting.when;
    if (!when) return;
    setBusy(date);
    setRefusal(null);
    const others = when.exceptions.filter((one) => one.date !== date);
    const { start, minutes, zone, rule } = when;
    const exceptions = exception ? [...others, exception] : others;
    const answer: Answer<Meeting> = await api.change(meeting, {
      when: { start, minutes, zone, rule, exceptions },
    });
    if (answer.ok) {
      setMeeting(answer.value);
      setMoving(null);
      await read();
    } else setRefusal(answer.refusal);
    setBusy(null);
  };
  return (
    <Dialog title={t.datesTitle(meeting.topic)} onClose={onClose} wide>
      <p class="muted">{t.datesLead}</p>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {list === null && !refusal && (
        <p class="row muted">
          <span class="spin" aria-hidden="true" />
          {text.value.ui.loading}
        </p>
      )}
      {list?.dates.length === 0 && <p class="muted">{t.datesNone}</p>}
      <ul class="meetings">
        {list?.dates.map((date) => (
          <Row
            key={date.date}
            date={date}
            minutes={meeting.when?.minutes ?? 0}
            zone={meeting.when?.zone ?? ""}
            moving={moving === date.date}
            busy={busy === date.date}
            onMove={() => setMoving(moving === date.date ? null : date.date)}
            onPut={(exception) => void put(date.date, exception)}
          />
        ))}
      </ul>
      {list?.more && <p class="small muted">{t.datesMore}</p>}
    </Dialog>
  );
}

type RowProps = {
  date: MeetingDate;
  minutes: number;
  zone: string;
  moving: boolean;
  busy: boolean;
  onMove: () => void;
  onPut: (exception: Exception | null) => void;
};

function Row({ date, minutes, zone, moving, busy, onMove, onPut }: RowProps): JSX.Element {
  const t = text.value.schedule;
  const shown = shownTime(date.begins_ms, minutes);
  const named = (what: string) => `${what}: ${shown}`;
  return (
    <li class="wrap">
      <div class="grow">
        {date.cancelled ? <s class="block">{shown}</s> : <b class="block">{shown}</b>}
        {date.cancelled && <span class="tag">{t.dateCancelled}</span>}
        {date.moved && <span class="tag">{t.dateMoved(shownTime(date.regular_ms, minutes))}</span>}
      </div>
      {date.cancelled || date.moved ? (
        <Button
          kind="soft"
          size="small"
          busy={busy}
          aria-label={named(t.dateBack)}
          onClick={() => onPut(null)}
        >
          {t.dateBack}
        </Button>
      ) : (
        <>
          <Button
            size="small"
            aria-expanded={moving}
            aria-label={named(t.dateMove)}
            onClick={onMove}
          >
            {t.dateMove}
          </Button>
          <Button
            size="small"
            busy={busy && !moving}
            aria-label={named(t.dateCancel)}
            onClick={() => onPut({ date: date.date, moved: null })}
          >
            {t.dateCancel}
          </Button>
        </>
      )}
      {moving && <Move date={date.date} zone={zone} busy={busy} onPut={onPut} />}
    </li>
  );
}

type MoveProps = Pick<RowProps, "zone" | "busy" | "onPut"> & { date: string };

function Move({ date, zone, busy, onPut }: MoveProps): JSX.Element {
  const t = text.value.schedule;
  const [day, setDay] = useState(date.slice(0, 10));
  const [time, setTime] = useState(date.slice(11));
  const send = (e: Event) => {
    e.preventDefault();
    onPut({ date, moved: `${day}T${time}` });
  };
  return (
    <form class="stack tight full" onSubmit={send}>
      <div class="fields">
        <Field label={t.day} type="date" value={day} onValue={setDay} required focused />
        <Field label={t.time} type="time" value={time} onValue={setTime} required hint={zone} />
      </div>
      <div class="row end">
        <Button submit kind="primary" size="small" busy={busy}>
          {t.dateMoveYes}
        </Button>
      </div>
    </form>
  );
}
