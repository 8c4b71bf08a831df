// The end: why the meeting page closed, and where to go from here.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { refusalSentence, text } from "../i18n";
import type { Over } from "../wire/connection";
import { Frame } from "../ui/frame";
import { Mark } from "../ui/icons";

/** The closing page. */
export function OverPage({
  over,
  meeting,
  topic,
  invitation,
}: {
  over: Over;
  meeting: string;
  topic: string;
  invitation?: string | undefined;
}): JSX.Element {
  const t = text.value.ended;
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const sentence = over.refused.sentence ? refusalSentence(over.refused) : "";
  const words: Record<Over["why"], [string, string]> = {
    left: [t.left, t.leftLead],
    removed: over.refused.code === "denied" ? [t.denied, t.deniedLead] : [t.removed, t.removedLead],
    ended: [t.ended, t.endedLead],
    elsewhere: [t.elsewhere, t.elsewhereLead],
    ticket: [t.failed, text.value.errors.badTicket],
    refused: [t.failed, sentence || text.value.errors.unknown],
    failed: [t.failed, sentence || text.value.errors.unknown],
  };
  const [title, lead] = words[over.why];
  const again =
    over.why === "left" || over.why === "ticket" || over.why === "refused" || over.why === "failed";
  const found = new URLSearchParams({ id: meeting });
  if (invitation) found.set("t", invitation);
  return (
    <Frame narrow>
      <div class="card lift centre stack" data-over={over.why}>
        <Mark size={56} />
        <div class="stack tight">
          <h1 ref={head} tabIndex={-1}>
            {title}
          </h1>
          {topic && (
            <p>
              <b>{topic}</b>
            </p>
          )}
          <p class="muted">{lead}</p>
        </div>
        <div class="row wrap">
          {again && (
            <a class="btn primary" href={`/join?${found}`}>
              {t.rejoin}
            </a>
          )}
          <a class="btn" href="/">
            {t.home}
          </a>
        </div>
      </div>
    </Frame>
  );
}
