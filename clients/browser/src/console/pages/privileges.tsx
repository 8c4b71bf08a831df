// Boxes for what accounts may do.
import type { JSX } from "preact";
import type { Privilege } from "../../api";
import { text } from "../../i18n";

/** Every privilege, in the order in which they are shown. */
export const all = Object.keys(text.value.account.privileges) as Privilege[];

/** One box for each privilege. */
export function Privileges(props: {
  label: string;
  value: Privilege[];
  onValue: (value: Privilege[]) => void;
  disabled?: boolean;
}): JSX.Element {
  const t = text.value.account.privileges;
  const toggle = (one: Privilege) =>
    props.onValue(
      props.value.includes(one)
        ? props.value.filter((other) => other !== one)
        : all.filter((other) => other === one || props.value.includes(other)),
    );
  return (
    <fieldset class="boxes" disabled={props.disabled ?? false}>
      <legend class="label">{props.label}</legend>
      {all.map((one) => (
        <label key={one} class="box">
          <input type="checkbox" checked={props.value.includes(one)} onChange={() => toggle(one)} />
          <span>{t[one]}</span>
        </label>
      ))}
    </fieldset>
  );
}
