// How the server presents itself, how much goes on at once, and what its settings file says.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { follow } from "../../ui/brand";
import { Field, Switch } from "../../ui/controls";
import type { Configured } from "../calls";
import { Connections } from "../connections/list";
import { words } from "../words";
import { CertificatePart } from "./certificate";
import { Part, PartForm, WithSettings } from "./settings";

/** The page. */
export function ServerPage(): JSX.Element {
  const t = words.value.settings;
  return (
    <WithSettings
      lead={t.serverLead}
      show={(read, again) => (
        <>
          <Branding read={read} onSaved={again} />
          <Limits read={read} onSaved={again} />
          <CertificatePart read={read} />
          <Connections
            kind="mail"
            line={({ settings }) => `${String(settings.from ?? "")} · ${settings.port ?? 587}`}
          />
          <System read={read} />
        </>
      )}
    />
  );
}

type Props = { read: Configured; onSaved: () => void };

function Branding({ read, onSaved }: Props): JSX.Element {
  const t = words.value.settings;
  const first = read.settings.branding;
  const id = useId();
  const [name, setName] = useState(first.name ?? "");
  const [welcome, setWelcome] = useState(first.welcome ?? "");
  const [own, setOwn] = useState(Boolean(first.colour));
  const [colour, setColour] = useState(first.colour ?? "#0c6b5e");
  const branding = () => ({
    ...(name.trim() ? { name } : {}),
    ...(welcome.trim() ? { welcome } : {}),
    ...(own ? { colour } : {}),
  });
  const saved = () => {
    follow(branding());
    onSaved();
  };
  return (
    <PartForm
      id="branding-title"
      title={t.branding}
      part={() => ({ branding: branding() })}
      onSaved={saved}
    >
      <Field
        label={t.serverName}
        hint={t.serverNameHint}
        value={name}
        onValue={setName}
        maxLength={80}
        autocomplete="off"
      />
      <Field
        label={t.welcome}
        value={welcome}
        onValue={setWelcome}
        maxLength={300}
        autocomplete="off"
      />
      <Switch on={own} onChange={setOwn}>
        {t.colour}
      </Switch>
      {own && (
        <div class="field">
          <label for={id}>{t.colourPick}</label>
          <input
            id={id}
            class="colour"
            type="color"
            value={colour}
            onInput={(e) => setColour(e.currentTarget.value)}
          />
        </div>
      )}
    </PartForm>
  );
}

const number = (typed: string): number => Math.min(4_000_000_000, Number(typed) || 0);

function Limits({ read, onSaved }: Props): JSX.Element {
  const t = words.value.settings;
  const first = read.settings.limits;
  const [rooms, setRooms] = useState(String(first.rooms));
  const [participants, setParticipants] = useState(String(first.participants));
  const part = () => ({ limits: { rooms: number(rooms), participants: number(participants) } });
  return (
    <PartForm id="limits-title" title={t.limits} part={part} onSaved={onSaved}>
      <Field
        label={t.rooms}
        hint={t.limitHint}
        value={rooms}
        onValue={(typed) => setRooms(typed.replace(/\D/g, ""))}
        inputMode="numeric"
        maxLength={10}
      />
      <Field
        label={t.participants}
        hint={t.limitHint}
        value={participants}
        onValue={(typed) => setParticipants(typed.replace(/\D/g, ""))}
        inputMode="numeric"
        maxLength={10}
      />
    </PartForm>
  );
}

function System({ read }: { read: Configured }): JSX.Element {
  const t = words.value.settings;
  const { config } = read;
  return (
    <Part id="system-title" title={t.system} lead={t.inFile}>
      <dl class="pairs">
        <dt>{t.address}</dt>
        <dd>{read.address}</dd>
        <dt>{t.mail}</dt>
        <dd>{config.mail ? t.mailOn : t.mailOff}</dd>
        <dt>{t.doors}</dt>
        <dd>{t.doorWords[config.legacy_doors]}</dd>
        <dt>{t.codesNeeded}</dt>
        <dd>{config.administrators_need_codes ? t.yes : t.no}</dd>
      </dl>
    </Part>
  );
}
