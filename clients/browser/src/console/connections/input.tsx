// One field of a connection, with its label, its hint and what is wrong with it.
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { Field, Select, Switch } from "../../ui/controls";
import type { Kind } from "../calls";
import { Lines } from "../pages/settings";
import { words } from "../words";
import { products, type FieldOf } from "./fields";

type Word = string | string[];

/** Label and hint of a field. */
function said(kind: Kind, name: string): [label: string, hint: string] {
  const t = words.value.connections;
  const own: Record<string, Word> = {
    allow_private: t.allowPrivate,
    allow_loopback: t.allowLoopback,
    ca_pem: t.caPem,
  };
  const found = own[name] ?? (t.fields as Record<string, Word>)[name] ?? name;
  const [label, hint] = typeof found === "string" ? [found, ""] : found;
  return [label ?? name, kind === "mail" && name === "tls" ? "" : (hint ?? "")];
}

/** The field. */
export function Input(props: {
  kind: Kind;
  of: FieldOf;
  value: string | boolean;
  onValue: (value: string | boolean) => void;
  wrong?: string | undefined;
}): JSX.Element {
  const t = words.value.connections;
  const { kind, of, value, onValue, wrong } = props;
  const id = useId();
  const [label, plain] = said(kind, of.name);
  const usual = of.usual ? t.usual(of.usual) : "";
  const hint = [plain, usual].filter(Boolean).join(" ") || undefined;
  if (of.is === "switch")
    return (
      <div class="field">
        <Switch on={value === true} onChange={onValue}>
          {label}
        </Switch>
        {wrong && <p class="wrong">{wrong}</p>}
      </div>
    );
  const text = String(value);
  if (of.is === "choice") {
    const named = { ...t.options, ...t.dialects, ...products } as Record<string, string>;
    return (
      <Select label={label} hint={hint} wrong={wrong} value={text} onValue={onValue}>
        {of.options?.map(([one, word]) => (
          <option key={one} value={one}>
            {named[word] ?? one}
          </option>
        ))}
      </Select>
    );
  }
  if (of.is === "lines" || of.is === "groups" || of.is === "pem")
    return (
      <Lines
        id={id}
        label={label}
        hint={hint}
        wrong={wrong}
        value={text}
        rows={of.is === "pem" ? 4 : 2}
        onValue={onValue}
      />
    );
  return (
    <Field
      label={label}
      hint={hint}
      wrong={wrong}
      value={text}
      onValue={(typed) => onValue(of.is === "number" ? typed.replace(/\D/g, "") : typed)}
      {...(of.is === "number" ? { inputMode: "numeric", maxLength: 9 } : { maxLength: 2000 })}
      {...(of.needed ? { required: true } : {})}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
    />
  );
}
