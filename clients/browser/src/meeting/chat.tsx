// The chat panel: what was said, to whom, and the line to write.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { text, timeOfDay } from "../i18n";
import type { Line, To } from "../model/view";
import type { Session } from "../session/session";
import { Avatar, Button } from "../ui/controls";

const text_chars_max = 4000;

/** To whom the next message goes; the list of people can set it. */
export const chatTo = signal<To>("everyone");

/** The chat. */
export function Chat({ session }: { session: Session }): JSX.Element {
  session.revision.value;
  const t = text.value.chat;
  const me = session.me.value;
  const { chat } = session.view;
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const top = useRef(0);
  const sending = session.sending.value.filter(
    (s) => s.seq === 0 || !chat.some((line) => line.seq === s.seq),
  );
  useLayoutEffect(() => {
    const element = list.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [chat.at(-1)?.seq, sending.length]);
  return (
    <div class="chat">
      <div
        class="lines"
        ref={list}
        tabIndex={0}
        role="log"
        aria-label={t.title}
        onScroll={(e) => {
          const el = e.currentTarget;
          // Only scrolling up leaves the end: lines that come in do not.
          if (el.scrollTop < top.current - 2) atEnd.current = false;
          if (el.scrollHeight - el.scrollTop - el.clientHeight < 60) atEnd.current = true;
          top.current = el.scrollTop;
        }}
      >
        {chat.length === 0 && sending.length === 0 && <p class="lines-empty muted">{t.empty}</p>}
        <ol>
          {chat.map((line, i) => (
            <Said key={line.seq} line={line} before={chat[i - 1]} me={me} session={session} />
          ))}
          {sending.map((s) => (
            <li key={`s${s.key}`} class={`line own ${s.failed ? "failed" : "pending"}`}>
              <p class="bubble">{s.text}</p>
              <span class="line-meta">
                {s.failed ? `${t.failed}: ${s.failed}` : t.sending}
                {s.failed && (
                  <button type="button" class="link" onClick={() => session.forget(s.key)}>
                    {text.value.ui.close}
                  </button>
                )}
              </span>
            </li>
          ))}
        </ol>
      </div>
      <Compose session={session} />
    </div>
  );
}

function Said({
  line,
  before,
  me,
  session,
}: {
  line: Line;
  before: Line | undefined;
  me: number;
  session: Session;
}): JSX.Element {
  const t = text.value.chat;
  const own = line.from === me;
  const name =
    line.from === 0
      ? t.server
      : line.name || session.view.people.get(line.from)?.name || `#${line.from}`;
  const together =
    before !== undefined &&
    before.from === line.from &&
    line.time - before.time < 120_000 &&
    key(before.to) === key(line.to);
  const whisper =
    line.to === "everyone"
      ? null
      : line.to === "hosts"
        ? t.toHosts
        : line.to.one === me
          ? t.toYou
          : t.toOne(session.view.people.get(line.to.one)?.name ?? `#${line.to.one}`);
  return (
    <li
      class={[
        "line",
        own ? "own" : "",
        together ? "together" : "",
        whisper ? "whisper" : "",
        line.from === 0 ? "server" : "",
      ].join(" ")}
      data-seq={line.seq}
    >
      {!own && !together && <Avatar name={name} number={line.from} />}
      <div class="line-body">
        {!together && (
          <span class="line-meta">
            {!own && <b>{name}</b>}
            {whisper && <span class="tag warm">{whisper}</span>}
            <time>{timeOfDay(line.time)}</time>
          </span>
        )}
        <p class="bubble">{line.text}</p>
      </div>
    </li>
  );
}

const key = (to: To): string => (typeof to === "string" ? to : String(to.one));

function Compose({ session }: { session: Session }): JSX.Element {
  const t = text.value.chat;
  const [words, setWords] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const me = session.me.value;
  const to = chatTo.value;
  const others = [...session.view.people].filter(([id]) => id !== me);
  const value = key(to);
  const gone = typeof to === "object" && !session.view.people.has(to.one);
  const send = () => {
    // What stands in the field counts, not what was drawn last.
    const clean = (area.current?.value ?? words).trim();
    if (clean === "" || [...clean].length > text_chars_max || gone) return;
    void session.say(to, clean);
    setWords("");
    area.current?.focus();
  };
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight + 2, 140)}px`;
  }, [words]);
  const tooLong = [...words].length > text_chars_max;
  return (
    <form
      class="compose"
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <label class="compose-to">
        <span>{t.to}</span>
        <select
          class="select"
          value={value}
          onChange={(e) => {
            const v = e.currentTarget.value;
            chatTo.value = v === "everyone" || v === "hosts" ? v : { one: Number(v) };
          }}
        >
          <option value="everyone">{t.everyone}</option>
          <option value="hosts">{t.hosts}</option>
          {others.map(([id, person]) => (
            <option key={id} value={String(id)}>
              {person.name}
            </option>
          ))}
          {gone && <option value={value}>{`#${value} (${t.gone})`}</option>}
        </select>
      </label>
      <div class="compose-line">
        <textarea
          ref={area}
          class="area"
          rows={1}
          value={words}
          placeholder={t.holder}
          aria-label={t.holder}
          aria-invalid={tooLong}
          onInput={(e) => setWords(e.currentTarget.value)}
          onKeyDown={(e) => {
            // While an input method composes, Enter chooses a word.
            if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
              e.preventDefault();
              send();
            }
          }}
        />
        <Button
          submit
          kind="primary"
          icon="send"
          label={t.send}
          disabled={words.trim() === "" || tooLong || gone}
        />
      </div>
      {tooLong && (
        <p class="wrong small" role="alert">
          {t.tooLong(text_chars_max)}
        </p>
      )}
    </form>
  );
}
