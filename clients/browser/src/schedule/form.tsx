// Planning a meeting: what it is about, when it is, how it comes again, who may come in.
import { useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account, type Meeting, type Wanted } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { drawPassword } from "../pages/password";
import { Button, Field, Notice, Select, Switch } from "../ui/controls";
import { count_max, repeatOf, ruleOf, type Every } from "./rule";
import { here, nextHour, zones } from "./times";

type Props = {
  account: Account;
  /** What is changed; nothing for a new one. */
  meeting: Meeting | null;
  onDone: (meeting: Meeting) => void;
  onBack: () => void;
};

const lengths = [15, 30, 45, 60, 90, 120, 180, 240];

/** The form. */
export function ScheduleForm({ account, meeting, onDone, onBack }: Props): JSX.Element {
  const t = text.value.schedule;
  const words = text.value.start;
  const may = account.privileges;
  const when = meeting?.when ?? null;
  const [type, setType] = useState(meeting?.type ?? (may.includes("interactive_meeting") ? 0 : 4));
  const [topic, setTopic] = useState(meeting?.topic ?? "");
  const [zone, setZone] = useState(when?.zone ?? account.time_zone ?? here());
  const [day, setDay] = useState(when?.start.slice(0, 10) ?? nextHour(zone)[0]);
  const [time, setTime] = useState(when?.start.slice(11) ?? nextHour(zone)[1]);
  const [minutes, setMinutes] = useState(when?.minutes ?? 60);
  const [repeat, setRepeat] = useState(() =>
    meeting
      ? repeatOf(when?.rule ?? null, when !== null, meeting.recurring ?? false)
      : repeatOf(null, true, false),
  );
  const [guarded, setGuarded] = useState(meeting ? (meeting.has_password ?? false) : true);
  const [password, setPassword] = useState(() => (meeting?.has_password ? "" : drawPassword()));
  const [open, setOpen] = useState(meeting?.public ?? false);
  const [lobby, setLobby] = useState(meeting?.lobby ?? false);
  const [own, setOwn] = useState(meeting?.own_network ?? false);
  const [most, setMost] = useState(meeting?.participants_max?.toString() ?? "");
  const [number, setNumber] = useState(meeting?.dial_in?.number ?? "");
  const [code, setCode] = useState(meeting?.dial_in?.code ?? "");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const all = useMemo(() => zones(zone, account.time_zone), [zone]);
  const timed = repeat.every !== "any";
  const keeps = meeting?.has_password && password === "";
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const rule = ruleOf(repeat);
    const start = `${day}T${time}`;
    // Dates that were called off or moved stay so for as long as it is the same series.
    const same = when?.start === start && when.zone === zone && when.rule === rule;
    const exceptions = same ? when.exceptions : [];
    const wanted: Wanted = {
      type,
      topic: topic.trim() || words.defaultTopic(account.name || account.email),
      when: timed ? { start, minutes, zone, rule, exceptions } : null,
      recurring: !timed || rule !== null,
      public: open,
      lobby,
      own_network: own,
      participants_max: most === "" ? null : Number(most),
      dial_in: number.trim() || code.trim() ? { number: number || null, code: code || null } : null,
      ...(guarded && keeps ? {} : { password: guarded ? password.trim() || null : null }),
    };
    const answer = meeting ? await api.change(meeting, wanted) : await api.create(wanted);
    setBusy(false);
    if (answer.ok) onDone(answer.value);
    else setRefusal(answer.refusal);
  };
  const every: [Every, string][] = [
    ["never", t.never],
    ["day", t.daily],
    ["weekday", t.weekdays],
    ["week", t.weekly],
    ["fortnight", t.fortnightly],
    ["month", t.monthly],
    ["any", t.anyTime],
  ];
  if (repeat.every === "other") every.push(["other", t.otherRule]);
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <Field
        label={words.topic}
        value={topic}
        onValue={setTopic}
        placeholder={words.topicHolder}
        maxLength={120}
        autocomplete="off"
        focused
      />
      <div class="fields">
        <Select label={words.type} value={String(type)} onValue={(v) => setType(Number(v))}>
          {may.includes("interactive_meeting") && <option value="0">{words.interactive}</option>}
          {may.includes("video_conference") && <option value="4">{words.video}</option>}
        </Select>
        <Select
          label={t.repeat}
          value={repeat.every}
          onValue={(v) => setRepeat({ ...repeat, every: v as Every })}
          {...(timed ? {} : { hint: t.anyTimeHint })}
        >
          {every.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </Select>
      </div>
      {timed && (
        <div class="fields">
          <Field label={t.day} type="date" value={day} onValue={setDay} required />
          <Field label={t.time} type="time" value={time} onValue={setTime} required />
          <Select label={t.length} value={String(minutes)} onValue={(v) => setMinutes(Number(v))}>
            {[...new Set([...lengths, minutes])]
              .sort((a, b) => a - b)
              .map((length) => (
                <option key={length} value={String(length)}>
                  {t.minutes(length)}
                </option>
              ))}
          </Select>
          <Select label={t.zone} value={zone} onValue={setZone}>
            {all.map((name) => (
              <option key={name} value={name}>
                {name.replaceAll("_", " ")}
              </option>
            ))}
          </Select>
        </div>
      )}
      {ruleOf({ ...repeat, count: null }) !== null && repeat.every !== "other" && (
        <Field
          label={t.count}
          type="number"
          min={1}
          max={count_max}
          value={repeat.count?.toString() ?? ""}
          onValue={(v) => setRepeat({ ...repeat, count: v === "" ? null : Number(v) })}
          hint={t.countHint}
        />
      )}
      <div class="stack tight">
        <Switch on={guarded} onChange={setGuarded}>
          {words.usePassword}
        </Switch>
        {guarded && (
          <div class="with-button">
            <Field
              label={words.password}
              value={password}
              onValue={setPassword}
              class="id mono"
              autocomplete="off"
              spellcheck={false}
              maxLength={64}
              required={!meeting?.has_password}
              {...(keeps ? { hint: t.keepsPassword } : {})}
            />
            <Button
              icon="refresh"
              label={words.another}
              onClick={() => setPassword(drawPassword())}
            />
          </div>
        )}
        <Switch on={lobby} onChange={setLobby}>
          {t.lobby}
        </Switch>
        <Switch on={open} onChange={setOpen}>
          {t.public}
        </Switch>
        <Switch on={own} onChange={setOwn}>
          {t.ownNetwork}
        </Switch>
      </div>
      <details class="more-fields" open={!!(most || number || code)}>
        <summary>{t.more}</summary>
        <div class="fields">
          <Field
            label={t.most}
            type="number"
            min={1}
            value={most}
            onValue={setMost}
            hint={t.mostHint}
          />
          <Field label={t.number} value={number} onValue={setNumber} hint={t.numberHint} />
          <Field
            label={t.code}
            value={code}
            onValue={setCode}
            inputMode="numeric"
            pattern="[0-9]{4,20}"
            hint={t.codeHint}
          />
        </div>
      </details>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <div class="row end">
        <Button kind="quiet" onClick={onBack}>
          {t.back}
        </Button>
        <Button submit kind="primary" busy={busy}>
          {meeting ? t.save : t.go}
        </Button>
      </div>
    </form>
  );
}
