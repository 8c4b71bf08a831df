// The dialogs of a meeting: shortcuts, connection details, devices, leaving.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { text } from "../i18n";
import { devices } from "../media/capture";
import { viewHash } from "../model/canonical";
import { command } from "../model/command";
import type { Session } from "../session/session";
import { Button, Notice, Switch } from "../ui/controls";
import { Dialog } from "../ui/dialog";
import { remember } from "../ui/memory";
import { DeviceSelect } from "./preview";
import { keys, setShortcuts, shortcutsOn, type Action } from "./shortcuts";

type Props = { session: Session; onClose: () => void };

/** The list of keyboard shortcuts. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const t = text.value.shortcuts;
  const rows: [string, string][] = [
    ...(Object.keys(keys) as Action[]).map((action): [string, string] => [t[action], keys[action]]),
    [t.esc, "Esc"],
  ];
  return (
    <Dialog title={t.title} onClose={onClose}>
      <dl class="keys">
        {rows.map(([words, key]) => (
          <div key={key}>
            <dt>{words}</dt>
            <dd class="kbd">{key}</dd>
          </div>
        ))}
      </dl>
      <Switch on={shortcutsOn.value} onChange={setShortcuts}>
        {t.on}
      </Switch>
      <p class="muted small">{t.hint}</p>
    </Dialog>
  );
}

/** Numbers for whoever helps. */
export function DetailsDialog({ session, onClose }: Props): JSX.Element {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((turn) => turn + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const t = text.value.details;
  const d = session.diagnostics;
  const kind = (word: string): string =>
    word === "screen" ? t.screen : word === "camera" ? t.camera : t.microphone;
  const incoming = Object.entries(session.player.stats).map(([id, s]) => {
    const track = session.view.tracks.get(Number(id));
    const size = s.width ? ` · ${s.width}×${s.height}` : "";
    const owner = track ? (session.view.people.get(track.owner)?.name ?? "") : "";
    return {
      id,
      what: `${kind(track?.kind ?? "")} · ${owner}`,
      how: `${track?.codec ?? ""}${size} · ${t.frames(s.decoded)} · ${t.errors(s.errors + s.gaps)}`,
    };
  });
  const outgoing = session.local.publishers.map((p) => {
    const size = p.stats.width ? ` · ${p.stats.width}×${p.stats.height}` : "";
    const rate = p.stats.bits ? ` · ${Math.round(p.stats.bits / 1000)} kbit/s` : "";
    return {
      id: String(p.track),
      what: kind(p.plan.kind),
      how: `${p.plan.codec}${size} · ${t.frames(p.stats.frames)}${rate}`,
    };
  });
  const list = (rows: typeof incoming) => (
    <ul class="facts">
      {rows.map((row) => (
        <li key={row.id}>
          <b>{row.what}</b>
          <span class="small muted mono">{row.how}</span>
        </li>
      ))}
    </ul>
  );
  return (
    <Dialog title={t.title} onClose={onClose} wide>
      <p class="muted small">{t.lead}</p>
      <Notice tone={d.sound ? undefined : "bad"} icon={d.sound ? "check" : "warn"}>
        {d.sound ? t.chainOk : t.chainBad}
      </Notice>
      <dl class="facts">
        <div>
          <dt>{t.position}</dt>
          <dd class="mono">
            {session.view.meeting}/{session.view.session} · {d.epoch}:{d.seq}
          </dd>
        </div>
        <div>
          <dt>{t.chain}</dt>
          <dd class="mono">{viewHash(session.view)}</dd>
        </div>
        <div>
          <dt>{t.proof}</dt>
          <dd class="mono">{d.chain}</dd>
        </div>
        <div>
          <dt>{t.reconnects}</dt>
          <dd class="mono">{d.reconnects}</dd>
        </div>
        <div>
          <dt>{t.sent}</dt>
          <dd class="mono">{d.buffered} B</dd>
        </div>
      </dl>
      {incoming.length + outgoing.length === 0 && <p class="muted">{t.none}</p>}
      {outgoing.length > 0 && (
        <>
          <h3>{t.out}</h3>
          {list(outgoing)}
        </>
      )}
      {incoming.length > 0 && (
        <>
          <h3>{t.in}</h3>
          {list(incoming)}
        </>
      )}
    </Dialog>
  );
}

/** Camera and microphone while the meeting runs. */
export function DevicesDialog({ session, onClose }: Props): JSX.Element {
  const t = text.value;
  const [cameras, setCameras] = useState<MediaDeviceInfo[]>([]);
  const [microphones, setMicrophones] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    void devices("videoinput").then(setCameras);
    void devices("audioinput").then(setMicrophones);
  }, []);
  const choose = (kind: "camera" | "microphone") => (id: string) => {
    remember(kind, id);
    void session.local.change(kind, id);
  };
  const nothing = cameras.length === 0 && microphones.length === 0;
  return (
    <Dialog title={t.meeting.devices} onClose={onClose}>
      {cameras.length > 0 && (
        <DeviceSelect
          label={t.preview.camera}
          list={cameras}
          value={session.local.chosen.camera}
          onChoose={choose("camera")}
        />
      )}
      {microphones.length > 0 && (
        <DeviceSelect
          label={t.preview.microphone}
          list={microphones}
          value={session.local.chosen.microphone}
          onChoose={choose("microphone")}
        />
      )}
      {nothing && <Notice tone="warm">{t.preview.noCamera}</Notice>}
    </Dialog>
  );
}

/** What a host decides when going. */
export function LeaveDialog({ session, onClose }: Props): JSX.Element {
  const t = text.value.confirm;
  return (
    <Dialog
      title={t.endTitle}
      onClose={onClose}
      footer={
        <>
          <Button onClick={() => void session.leave()}>{t.leaveOnly}</Button>
          <Button
            kind="danger"
            data-control="end-for-everyone"
            onClick={() => void session.wish(command.end())}
          >
            {t.endAll}
          </Button>
        </>
      }
    >
      <p class="muted">{t.endLead}</p>
    </Dialog>
  );
}
