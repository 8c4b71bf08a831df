// What a signed-in host finds: start a meeting, plan one, and the meetings that are there.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account, type Meeting } from "../api";
import type { Boot, Refusal } from "../boot";
import { locale, refusalSentence, text } from "../i18n";
import { InvitationDialog } from "../schedule/dialogs";
import { ScheduleForm } from "../schedule/form";
import { Mine } from "../schedule/list";
import { Button, Field, Notice, Switch } from "../ui/controls";
import { Icon } from "../ui/icons";
import { toast } from "../ui/toast";
import { enterMeeting } from "./enter";
import { JoinForm } from "./join_form";
import { drawPassword } from "./password";

/** The dashboard. */
export function Dashboard({ account, boot }: { account: Account; boot: Boot }): JSX.Element {
  const t = text.value;
  const [list, setList] = useState<Meeting[] | null>(null);
  const [planning, setPlanning] = useState<Meeting | "new" | null>(null);
  const [made, setMade] = useState<Meeting | null>(null);
  const mail = boot.mail ?? false;
  const look = () =>
    void api.meetings().then((a) => setList((old) => (a.ok ? a.value : (old ?? []))));
  useEffect(look, [locale.value]);
  const open = async (meeting: Meeting) => {
    const refused = await host(meeting, account);
    if (refused) toast(refusalSentence(refused), true);
  };
  const planned = (meeting: Meeting) => {
    if (planning === "new") setMade(meeting);
    else toast(t.schedule.saved);
    setPlanning(null);
    look();
  };
  // Whoever signed in further down a small page begins at its head.
  useEffect(() => scrollTo(0, 0), []);
  return (
    <div class="dash">
      <div class="dash-head">
        <h1>{t.home.hello(account.name || account.email)}</h1>
      </div>
      <section class="card lift dash-start" aria-labelledby="start-title">
        <h2 id="start-title">
          {planning === null
            ? t.start.title
            : planning === "new"
              ? t.schedule.title
              : t.schedule.editTitle}
        </h2>
        {planning === null ? (
          <StartForm account={account} onPlan={() => setPlanning("new")} />
        ) : (
          <ScheduleForm
            key={planning === "new" ? "new" : planning.id}
            account={account}
            meeting={planning === "new" ? null : planning}
            onDone={planned}
            onBack={() => setPlanning(null)}
          />
        )}
      </section>
      <div class="stack dash-side">
        <Mine
          list={list}
          mail={mail}
          onOpen={open}
          onEdit={(meeting) => {
            setPlanning(meeting);
            scrollTo({ top: 0 });
          }}
          onChanged={look}
        />
        <section class="card stack" aria-labelledby="join-title">
          <h2 id="join-title">{t.home.join}</h2>
          <JoinForm boot={{ ...boot, name: boot.name ?? account.name }} compact quiet />
        </section>
      </div>
      {made && (
        <InvitationDialog
          words={made.invitation ?? ""}
          meeting={mail ? made : null}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  );
}

async function host(meeting: Meeting, account: Account): Promise<Refusal | null> {
  const answer = await api.host(meeting.id);
  if (!answer.ok) return answer.refusal;
  enterMeeting({
    id: meeting.id,
    ticket: answer.value.ticket,
    topic: meeting.topic,
    name: account.name,
    host: true,
    type: meeting.type,
  });
  return null;
}

function StartForm({ account, onPlan }: { account: Account; onPlan: () => void }): JSX.Element {
  const t = text.value.start;
  const may = account.privileges;
  const [type, setType] = useState(may.includes("interactive_meeting") ? 0 : 4);
  const [topic, setTopic] = useState("");
  const [guarded, setGuarded] = useState(true);
  const [password, setPassword] = useState(drawPassword);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const created = await api.create({
      type,
      topic: topic.trim() || t.defaultTopic(account.name || account.email),
      password: guarded ? password.trim() || null : null,
    });
    const refused = created.ok ? await host(created.value, account) : created.refusal;
    setBusy(refused === null);
    setRefusal(refused);
  };
  const kinds = [
    {
      value: 0,
      needs: "interactive_meeting",
      icon: "share",
      name: t.interactive,
      hint: t.interactiveHint,
    },
    { value: 4, needs: "video_conference", icon: "camera", name: t.video, hint: t.videoHint },
  ] as const;
  const offered = kinds.filter((kind) => may.includes(kind.needs));
  if (offered.length === 0) return <Notice icon="lock">{t.mayNot}</Notice>;
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <fieldset class="choices">
        <legend class="label">{t.type}</legend>
        {offered.map((kind) => (
          <label class="choice" key={kind.value}>
            <input
              type="radio"
              name="type"
              checked={type === kind.value}
              onChange={() => setType(kind.value)}
            />
            <Icon name={kind.icon} />
            <b>{kind.name}</b>
            <span>{kind.hint}</span>
          </label>
        ))}
      </fieldset>
      <Field
        label={t.topic}
        value={topic}
        onValue={setTopic}
        placeholder={t.topicHolder}
        maxLength={120}
        autocomplete="off"
      />
      <div class="stack tight">
        <Switch on={guarded} onChange={setGuarded}>
          {t.usePassword}
        </Switch>
        {guarded ? (
          <div class="with-button">
            <Field
              label={t.password}
              value={password}
              onValue={setPassword}
              class="id mono"
              autocomplete="off"
              spellcheck={false}
              maxLength={64}
              required
            />
            <Button icon="refresh" label={t.another} onClick={() => setPassword(drawPassword())} />
          </div>
        ) : (
          <Notice tone="warm" icon="people">
            {t.noPassword}
          </Notice>
        )}
      </div>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <Button submit kind="primary" size="big" full busy={busy}>
        {t.go}
      </Button>
      <Button icon="clock" full onClick={onPlan}>
        {text.value.schedule.plan}
      </Button>
    </form>
  );
}
