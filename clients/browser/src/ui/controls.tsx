// The small controls: button, field, password field, switch, avatar, notice, spinner.
import type { ButtonHTMLAttributes, ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { text } from "../i18n";
import { Icon, type IconName } from "./icons";

/** Puts the focus on an element when it appears. */
function useFocus<T extends HTMLElement>(wanted: boolean | undefined) {
  const ref = useRef<T>(null);
  useLayoutEffect(() => {
    if (wanted) ref.current?.focus();
  }, []);
  return ref;
}

type ButtonProps = Omit<ButtonHTMLAttributes, "icon" | "class" | "size" | "type"> & {
  kind?: "primary" | "danger" | "quiet" | "soft" | "plain";
  size?: "big" | "small";
  icon?: IconName;
  /** Only the icon is shown; the label is spoken and appears as a tooltip. */
  label?: string;
  full?: boolean;
  busy?: boolean;
  submit?: boolean;
  /** Takes the focus when it appears. */
  focused?: boolean;
  children?: ComponentChildren;
};

/** A button; with `label` and no children it is a square icon button. */
export function Button(props: ButtonProps): JSX.Element {
  const {
    kind = "plain",
    size,
    icon,
    label,
    full,
    busy,
    submit,
    focused,
    children,
    disabled,
    ...rest
  } = props;
  const ref = useFocus<HTMLButtonElement>(focused);
  const square = icon !== undefined && children === undefined;
  const names = [
    "btn",
    kind === "plain" ? "" : kind,
    size ?? "",
    square ? "icon" : "",
    full ? "full" : "",
  ];
  return (
    <button
      {...rest}
      ref={ref}
      type={submit ? "submit" : "button"}
      class={names.filter(Boolean).join(" ")}
      aria-label={label ?? rest["aria-label"]}
      title={label}
      disabled={disabled || busy}
    >
      {busy ? <span class="spin" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

type FieldProps = {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string | undefined;
  wrong?: string | undefined;
  class?: string;
  type?: "text" | "email" | "date" | "time" | "number";
  min?: number;
  max?: number;
  pattern?: string;
  inputMode?: "numeric" | "email" | "text";
  autocomplete?: string;
  autocapitalize?: "off";
  autofocus?: boolean | undefined;
  spellcheck?: boolean;
  placeholder?: string;
  maxLength?: number;
  required?: boolean;
  /** Takes the focus when it appears: the step it belongs to was asked for by hand. */
  focused?: boolean;
};

/** A labelled line of text with its hint and its error. */
export function Field({
  label,
  value,
  onValue,
  hint,
  wrong,
  class: extra,
  focused,
  ...rest
}: FieldProps): JSX.Element {
  const id = useId();
  const ref = useFocus<HTMLInputElement>(focused);
  const described = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...(rest as object)}
        ref={ref}
        id={id}
        class={`input ${extra ?? ""}`}
        value={value}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={described || undefined}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

/** A password with a button that shows it. */
export function PasswordField({
  label,
  value,
  onValue,
  hint,
  wrong,
  class: _class,
  focused,
  ...rest
}: FieldProps): JSX.Element {
  const id = useId();
  const ref = useFocus<HTMLInputElement>(focused);
  const [shown, setShown] = useState(false);
  const t = text.value.ui;
  const described = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="input-join">
        <input
          {...(rest as object)}
          ref={ref}
          id={id}
          class="input"
          {...(shown ? { type: "text" } : { type: "password" })}
          value={value}
          spellcheck={false}
          autocapitalize="off"
          aria-invalid={wrong ? "true" : undefined}
          aria-describedby={described || undefined}
          onInput={(e) => onValue(e.currentTarget.value)}
        />
        <span class="inside">
          <Button
            kind="quiet"
            size="small"
            icon={shown ? "eyeOff" : "eye"}
            label={shown ? t.hidePassword : t.showPassword}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
          />
        </span>
      </div>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

/** A labelled choice of one among many. */
export function Select(props: {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string | undefined;
  wrong?: string | undefined;
  children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  const described = [props.hint ? `${id}-hint` : "", props.wrong ? `${id}-wrong` : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        class="select"
        value={props.value}
        aria-invalid={props.wrong ? "true" : undefined}
        aria-describedby={described || undefined}
        onChange={(e) => props.onValue(e.currentTarget.value)}
      >
        {props.children}
      </select>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {props.wrong}
        </p>
      )}
    </div>
  );
}

/** An on/off switch with its words beside it. */
export function Switch(props: {
  on: boolean;
  onChange: (on: boolean) => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={props.on}
        onChange={(e) => props.onChange(e.currentTarget.checked)}
      />
      <span class="track" aria-hidden="true" />
      <span>{props.children}</span>
    </label>
  );
}

/** A sentence that matters, with its tone. */
export function Notice(props: {
  tone?: "bad" | "warm";
  icon?: IconName;
  children: ComponentChildren;
}): JSX.Element {
  const bad = props.tone === "bad";
  return (
    <div class={`notice ${props.tone ?? ""}`} role={bad ? "alert" : undefined}>
      <Icon name={props.icon ?? (bad ? "warn" : "info")} />
      <div class="grow">{props.children}</div>
    </div>
  );
}

/**
 * The letters that stand for a name: two initials, or the last two characters of a Chinese
 * name.
 */
export function initials(name: string): string {
  const trimmed = name.trim();
  if (/^[\u3400-\u9fff]+$/u.test(trimmed)) return trimmed.slice(-2);
  const words = trimmed.split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words[words.length - 1] ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

/** The class that gives a participant's colour, the same wherever the person is shown. */
export const hue = (number: number): string => `hue-${number % 10}`;

/** A round portrait made of initials. */
export function Avatar({
  name,
  number,
  big,
}: {
  name: string;
  number: number;
  big?: boolean;
}): JSX.Element {
  return (
    <span class={`avatar ${hue(number)} ${big ? "big" : ""}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
