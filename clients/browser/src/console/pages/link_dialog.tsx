// A link that is shown once, to be given to its person.
import type { JSX } from "preact";
import { ShownOnce } from "../../ui/shown_once";
import { words } from "../words";

/** The dialog. */
export function LinkDialog(props: { link: string; onClose: () => void }): JSX.Element {
  const t = words.value.accounts;
  return (
    <ShownOnce
      title={t.link}
      lead={t.linkLead}
      copy={t.copy}
      shown={props.link}
      onClose={props.onClose}
    />
  );
}
