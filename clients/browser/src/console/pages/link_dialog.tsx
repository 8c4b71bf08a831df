// A link that is shown once, to be given to its person.
import type { JSX } from "preact";
import { Button } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { words } from "../words";

/** The dialog. */
export function LinkDialog(props: { link: string; onClose: () => void }): JSX.Element {
  const t = words.value.accounts;
  return (
    <Dialog
      title={t.link}
      onClose={props.onClose}
      footer={
        <Button
          kind="primary"
          icon="copy"
          onClick={() => void copyWords(props.link).then((done) => done && props.onClose())}
        >
          {t.copy}
        </Button>
      }
    >
      <p class="muted">{t.linkLead}</p>
      <pre class="invitation" tabIndex={0}>
        {props.link}
      </pre>
    </Dialog>
  );
}
