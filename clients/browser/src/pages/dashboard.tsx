// What a signed-in host finds: start a meeting, and the meetings of before.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account, type Meeting } from "../api";
import type { Boot, Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { showMeetingId } from "../model/id";
import { Button, Field, Notice, Switch } from "../ui/controls";
import { copyWords } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { toast } from "../ui/toast";
import { enterMeeting } from "./enter";
import { JoinForm } from "./join_form";
import { drawPassword } from "./password";

/** The dashboard. */
export function Dashboard({ account, boot }: { account: Account; boot: Boot }): JSX.Element {
  const t = text.value;
  // Whoever signed in further down a small page begins at its head.
  useEffect(() => scrollTo(0, 0), []);
  return (
    <div class="dash">
      <div class="dash-head">
        <h1>{t.home.hello(account.name || account.email)}</h1>
      </div>
      <section class="card lift dash-start" aria-labelledby="start-title">
        <h2 id="start-title">{t.start.title}</h2>
        <StartForm account={account} />
      </section>
      <div class="stack dash-side">
        <Mine account={account} />
        <section class="card stack" aria-labelledby="join-title">
          <h2 id="join-title">{t.home.join}</h2>
          <JoinForm boot={{ ...boot, name: boot.name ?? account.name }} compact quiet />
        </section>
      </div>
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

function StartForm({ account }: { account: Account }): JSX.Element {
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
    </form>
  );
}

function Mine({ account }: { account: Account }): JSX.Element {
  const t = text.value;
  const [list, setList] = useState<Meeting[] | null>(null);
  const [invite, setInvite] = useState<Meeting | null>(null);
  const [opening, setOpening] = useState<string | null>(null);
  useEffect(() => {
    void api.meetings().then((answer) => setList(answer.ok ? answer.value : []));
  }, []);
  const open = async (meeting: Meeting) => {
    setOpening(meeting.id);
    const refused = await host(meeting, account);
    if (refused) {
      setOpening(null);
      toast(refusalSentence(refused), true);
    }
  };
  return (
    <section class="card stack" aria-labelledby="mine-title">
      <h2 id="mine-title">{t.start.mine}</h2>
      {list === null && (
        <p class="row muted">
          <span class="spin" aria-hidden="true" />
          {t.ui.loading}
        </p>
      )}
      {list?.length === 0 && <p class="muted">{t.start.none}</p>}
      {list && list.length > 0 && (
        <ul class="meetings">
          {list.map((meeting) => (
            <li key={meeting.id}>
              <div class="grow">
                <b class="clip block">{meeting.topic}</b>
                <span class="row wrap small muted">
                  <span class="mono">{showMeetingId(meeting.id)}</span>
                  {meeting.type === 4 ? t.types.video : t.types.interactive}
                  {meeting.running && <span class="tag accent">{t.start.live}</span>}
                </span>
              </div>
              {meeting.invitation && (
                <Button
                  kind="quiet"
                  size="small"
                  icon="copy"
                  label={`${t.start.invitation}: ${meeting.topic}`}
                  onClick={() => setInvite(meeting)}
                />
              )}
              <Button
                kind="soft"
                size="small"
                busy={opening === meeting.id}
                aria-label={`${t.start.open}: ${meeting.topic}`}
                onClick={() => void open(meeting)}
              >
                {t.start.open}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {invite?.invitation && (
        <InvitationDialog words={invite.invitation} onClose={() => setInvite(null)} />
      )}
    </section>
  );
}

/** The invitation, to read and to copy. */
export function InvitationDialog({
  words,
  onClose,
}: {
  words: string;
  onClose: () => void;
}): JSX.Element {
  const t = text.value;
  return (
    <Dialog
      title={t.start.invitationTitle}
      onClose={onClose}
      footer={
        <Button
          kind="primary"
          icon="copy"
          autofocus
          onClick={() => void copyWords(words).then((done) => done && onClose())}
        >
          {t.start.invitation}
        </Button>
      }
    >
      <p class="muted">{t.start.invitationLead}</p>
      <pre class="invitation" tabIndex={0}>
        {words}
      </pre>
    </Dialog>
  );
}
