// How the server is now.
import type { ComponentChildren, JSX } from "preact";
import { dateAndTime, timeOfDay } from "../../i18n";
import { showMeetingId } from "../../model/id";
import { Notice } from "../../ui/controls";
import type { Overview } from "../calls";
import { LiveMark } from "../live_mark";
import { useLive } from "../live";
import { addressOf, go } from "../route";
import { bytes, words } from "../words";

/** The page. */
export function OverviewPage(): JSX.Element {
  const t = words.value.overview;
  const { now, before, state } = useLive();
  return (
    <>
      <div class="row wrap">
        <p class="muted grow">{t.lead}</p>
        <LiveMark />
      </div>
      {state === "lost" && (
        <Notice tone="warm" icon="wifiOff">
          {now ? t.lost(timeOfDay(now.now_ms)) : t.notYet}
        </Notice>
      )}
      {state === "ended" && (
        <Notice tone="warm" icon="lock">
          {t.ended} <a href="/console">{words.value.signInTitle}</a>
        </Notice>
      )}
      {now?.certificate && <CertificateAlarm of={now.certificate} />}
      {now && !now.writable && <Notice tone="bad">{t.notWritable}</Notice>}
      {now && <Figures now={now} before={before} />}
      {now && (
        <div class="console-halves">
          <Running now={now} />
          <Alarms now={now} />
          <Disk now={now} />
          <Log now={now} />
        </div>
      )}
    </>
  );
}

function CertificateAlarm({ of }: { of: NonNullable<Overview["certificate"]> }): JSX.Element {
  const t = words.value.overview;
  const at = of.state === "not_yet" ? of.begins_ms : of.ends_ms;
  return (
    <Notice tone={of.state === "ends" ? "warm" : "bad"} icon="warn">
      {t.certificate[of.state](String(of.days ?? ""), dateAndTime(at))}{" "}
      <a
        href={addressOf("server")}
        onClick={(e) => {
          e.preventDefault();
          go("server");
        }}
      >
        {t.certificateLook}
      </a>
    </Notice>
  );
}

function Figures({ now, before }: { now: Overview; before: Overview | null }): JSX.Element {
  const t = words.value.overview;
  const rate = (of: (o: Overview) => number): number | null => {
    if (!before || now.now_ms <= before.now_ms) return null;
    return Math.max(0, ((of(now) - of(before)) * 1000) / (now.now_ms - before.now_ms));
  };
  const facts = rate((o) => o.totals.facts);
  const media = rate((o) => o.totals.media_bytes);
  const sent = rate((o) => o.totals.sent_bytes);
  const flow = (n: number | null) => (n === null ? "…" : `${bytes(n)}/s`);
  return (
    <dl class="figures">
      <Figure name={t.sessions} value={String(now.sessions)} key="sessions" />
      <Figure name={t.participants} value={String(now.participants)} />
      <Figure name={t.connections} value={String(now.totals.connections)} />
      <Figure name={t.facts} value={facts === null ? "…" : facts.toFixed(facts < 10 ? 1 : 0)} />
      <Figure name={t.media} value={flow(media)} />
      <Figure name={t.sent} value={flow(sent)} />
      <Figure name={t.planned} value={String(now.meetings.planned)} />
      <Figure
        name={t.accounts}
        value={String(now.accounts.all)}
        more={t.accountsOf(now.accounts.enabled, now.accounts.all)}
      />
    </dl>
  );
}

function Figure(props: { name: string; value: string; more?: string }): JSX.Element {
  return (
    <div class="figure">
      <dt>{props.name}</dt>
      <dd>
        {props.value}
        {props.more && <span class="small muted block">{props.more}</span>}
      </dd>
    </div>
  );
}

function Part(props: { id: string; title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="card stack" aria-labelledby={props.id}>
      <h2 id={props.id}>{props.title}</h2>
      {props.children}
    </section>
  );
}

function Running({ now }: { now: Overview }): JSX.Element {
  const t = words.value.overview;
  return (
    <Part id="running-title" title={t.running}>
      {now.largest.length === 0 ? (
        <p class="muted">{t.noneRunning}</p>
      ) : (
        <ul class="meetings">
          {now.largest.map((one) => (
            <li key={one.id}>
              <div class="grow">
                <a
                  class="clip block"
                  href="/console/meetings"
                  onClick={(e) => {
                    e.preventDefault();
                    go("meetings");
                  }}
                >
                  {one.topic}
                </a>
                <span class="row wrap small muted">
                  <span class="mono">{showMeetingId(one.id)}</span>
                  {one.host}
                </span>
              </div>
              {one.locked && <span class="tag warm">{t.locked}</span>}
              <span class="tag accent">{t.people(one.here)}</span>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Alarms({ now }: { now: Overview }): JSX.Element {
  const t = words.value.overview;
  return (
    <Part id="alarms-title" title={t.alarms}>
      {now.alarms.length === 0 ? (
        <p class="muted">{t.noAlarms}</p>
      ) : (
        <ul class="alarms">
          {now.alarms.map((one) => (
            <li key={one.seq}>
              <span class="block">
                {t.alarm[one.kind](one.account ?? "", String(one.failures ?? ""), one.from ?? "")}
              </span>
              <time class="small muted">{dateAndTime(one.at_ms)}</time>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Disk({ now }: { now: Overview }): JSX.Element {
  const t = words.value.overview;
  if (!now.disk) {
    return (
      <Part id="disk-title" title={t.disk}>
        <p class="muted">{t.diskUnknown}</p>
      </Part>
    );
  }
  const { free_bytes: free, all_bytes: all } = now.disk;
  return (
    <Part id="disk-title" title={t.disk}>
      <meter
        aria-labelledby="disk-title"
        min={0}
        max={all}
        low={all * 0.7}
        high={all * 0.9}
        optimum={0}
        value={all - free}
      />
      <p>{t.diskFree(bytes(free), bytes(all))}</p>
      <p class="muted">{now.writable ? t.writable : t.notWritable}</p>
    </Part>
  );
}

function Log({ now }: { now: Overview }): JSX.Element {
  const t = words.value.overview;
  return (
    <Part id="log-title" title={t.log}>
      {now.log && (
        <dl class="pairs">
          <dt>{t.log}</dt>
          <dd>{t.logAt(now.log.entries)}</dd>
          <dt>{t.epoch}</dt>
          <dd>{now.log.epoch}</dd>
          <dt>{t.root}</dt>
          <dd class="mono">{now.log.root.slice(0, 16)}…</dd>
          <dt>{t.version}</dt>
          <dd>{now.version}</dd>
        </dl>
      )}
      {!now.caught_up && <p class="muted">{t.behind}</p>}
    </Part>
  );
}
