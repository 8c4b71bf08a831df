// The join page: where an invitation leads, by a link, by the home page or by a legacy address.
import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Boot } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Notice } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Mark } from "../ui/icons";
import { enterMeeting } from "./enter";
import { JoinForm } from "./join_form";
import { SignIn } from "./sign_in";
import { api } from "../api";
import { toast } from "../ui/toast";
import { serverName } from "../ui/brand";

/** The join page in its three forms: go straight in, sign in to host, or fill in the form. */
export function Join({ boot }: { boot: Boot }): JSX.Element {
  const t = text.value.join;
  const topic = boot.meeting?.topic;
  const [pending, setPending] = useState(boot.pending);
  const [refusal, setRefusal] = useState(boot.refusal);
  const straight =
    pending !== undefined || (boot.ticket !== undefined && boot.meeting !== undefined);
  useEffect(() => {
    document.title = `${topic ?? t.title} · ${serverName()}`;
    if (boot.ticket && boot.meeting) {
      enterMeeting({
        id: boot.meeting.id,
        ticket: boot.ticket,
        name: boot.name ?? "",
        topic,
        viewer: boot.viewer === true,
        host: boot.role === "host",
        type: boot.meeting.type,
      });
    } else if (boot.pending) {
      void api.pendingHost(boot.pending).then((answer) => {
        if (answer.ok) {
          const { ticket, name, meeting } = answer.value;
          enterMeeting({ id: meeting.id, ticket, name, topic: meeting.topic, host: true });
        } else {
          setPending(undefined);
          setRefusal(answer.refusal);
        }
      });
    }
  }, []);
  if (straight) {
    return (
      <Frame narrow>
        <div class="card lift centre stack" role="status">
          <Mark size={52} />
          <h1>{topic ?? t.title}</h1>
          <p class="row muted">
            <span class="spin" aria-hidden="true" />
            {t.entering}
          </p>
        </div>
      </Frame>
    );
  }
  const host = boot.role === "host";
  const hosted = async () => {
    const id = boot.meeting?.id;
    if (!id) {
      // Signed in; the start page offers the rest.
      location.assign("/");
      return;
    }
    const answer = await api.host(id);
    if (answer.ok) enterMeeting({ id, ticket: answer.value.ticket, topic, host: true });
    else toast(refusalSentence(answer.refusal), true);
  };
  return (
    <Frame narrow>
      <div class="card lift stack">
        <div class="stack tight">
          <h1>{host ? t.hostTitle : topic ? t.titleNamed(topic) : t.title}</h1>
          {!host && !boot.id && <p class="muted">{t.lead}</p>}
        </div>
        {host && refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
        {host ? (
          <SignIn
            email={boot.email ?? ""}
            onDone={() => void hosted()}
            focusPassword={Boolean(boot.email)}
          />
        ) : (
          <JoinForm boot={boot} />
        )}
      </div>
      <p class="centred small">
        <a href="/">{t.otherwise}</a>
      </p>
    </Frame>
  );
}
