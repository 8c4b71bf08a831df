// The connections of one kind: what is there and whence, and what can be done with each.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence } from "../../i18n";
import { Button, Notice } from "../../ui/controls";
import { toast } from "../../ui/toast";
import { calls, type Connection, type Kind } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { Part } from "../pages/settings";
import { words } from "../words";
import { ConnectionForm } from "./form";
import { TryDialog, type Triable } from "./tryer";

type Props = {
  kind: Kind;
  /** What is said of one, beside its name. */
  line: (one: Connection) => string;
  /** More about one, below it. */
  below?: (one: Connection) => ComponentChildren;
  /** A secret was drawn for one. */
  onDrawn?: (one: Connection, secret: string) => void;
};

type Doing = { what: "form" | "remove" | "try"; of: Connection | null };

/** The card. */
export function Connections({ kind, line, below, onDrawn }: Props): JSX.Element {
  const t = words.value.connections;
  const [all, setAll] = useState<Connection[] | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [doing, setDoing] = useState<Doing | null>(null);
  const read = async (): Promise<Connection[]> => {
    const answer = await calls.connections();
    setRefusal(answer.ok ? null : answer.refusal);
    if (!answer.ok) return [];
    const found = answer.value.connections.filter((one) => one.kind === kind);
    setAll(found);
    return found;
  };
  useEffect(() => void read(), []);
  const close = () => setDoing(null);
  const saved = async (name: string, drawn: string | null) => {
    close();
    const one = (await read()).find((one) => one.name === name && one.source === "console");
    if (one && drawn) onDrawn?.(one, drawn);
  };
  const told = t.kinds[kind];
  const full = kind === "mail" && (all?.length ?? 0) > 0;
  return (
    <Part id={`${kind}-title`} title={told.title} lead={all?.length === 0 ? told.none : told.lead}>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {all && all.length > 0 && (
        <ul class="meetings">
          {all.map((one) => (
            <li key={`${one.source} ${one.name}`} class="connection">
              <Row one={one} line={line(one)} onDo={(what) => setDoing({ what, of: one })} />
              {below?.(one)}
            </li>
          ))}
        </ul>
      )}
      {mayChange.value && all && !full && (
        <div>
          <Button icon="plus" onClick={() => setDoing({ what: "form", of: null })}>
            {told.fresh}
          </Button>
        </div>
      )}
      {doing?.what === "form" && (
        <ConnectionForm
          kind={kind}
          of={doing.of}
          onSaved={(name, drawn) => void saved(name, drawn)}
          onClose={close}
        />
      )}
      {doing?.what === "try" && doing.of && (
        <TryDialog kind={kind as Triable} name={doing.of.name} onClose={close} />
      )}
      {doing?.what === "remove" && doing.of && (
        <Remove
          of={doing.of}
          onClose={close}
          onDone={() => {
            toast(t.removed);
            close();
            void read();
          }}
        />
      )}
    </Part>
  );
}

function Row(props: {
  one: Connection;
  line: string;
  onDo: (what: Doing["what"]) => void;
}): JSX.Element {
  const t = words.value.connections;
  const { one, line, onDo } = props;
  const own = one.source === "console";
  return (
    <div class="row wrap connection-row">
      <div class="grow">
        <b>{one.kind === "mail" ? String(one.settings.server ?? "") : one.name}</b>{" "}
        <span class={own ? "tag accent" : "tag"}>{t.source[one.source]}</span>
        <code class="small block">{line}</code>
        {!own && <span class="small muted block">{t.inFile}</span>}
        {one.shadowed && <Notice tone="warm">{t.shadowed}</Notice>}
        {one.problem && (
          <Notice tone="bad">
            {t.problem} {one.problem}
          </Notice>
        )}
      </div>
      {mayChange.value && (
        <div class="row wrap">
          {one.kind !== "bridge" && !one.shadowed && (
            <Button
              kind="soft"
              size="small"
              label={words.value.settings.tryTitle(one.name)}
              onClick={() => onDo("try")}
            >
              {words.value.settings.try}
            </Button>
          )}
          {own && !one.shadowed && (
            <Button size="small" label={t.changeName(one.name)} onClick={() => onDo("form")}>
              {t.change}
            </Button>
          )}
          {own && (
            <Button
              kind="danger"
              size="small"
              label={t.removeName(one.name)}
              onClick={() => onDo("remove")}
            >
              {t.remove}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Remove(props: { of: Connection; onDone: () => void; onClose: () => void }): JSX.Element {
  const t = words.value.connections;
  const { kind, name } = props.of;
  return (
    <Confirm
      title={t.removeTitle(name)}
      go={t.remove}
      danger
      reason="needed"
      act={(reason) => calls.removeConnection(kind, name, reason)}
      onDone={props.onDone}
      onClose={props.onClose}
    />
  );
}
