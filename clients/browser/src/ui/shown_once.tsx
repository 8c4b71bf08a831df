// Something that is shown this one time: a secret, a key, a link to hand on.
import type { JSX } from "preact";
import { Button } from "./controls";
import { copyWords } from "./copy";
import { Dialog } from "./dialog";

type Props = {
  title: string;
  lead: string;
  /** What the button says that copies it. */
  copy: string;
  shown: string;
  onClose: () => void;
};

/** The dialog; copying it is the first thing to do, and leaves it open. */
export function ShownOnce(props: Props): JSX.Element {
  return (
    <Dialog
      title={props.title}
      onClose={props.onClose}
      footer={
        <Button kind="primary" icon="copy" autofocus onClick={() => void copyWords(props.shown)}>
          {props.copy}
        </Button>
      }
    >
      <p class="muted">{props.lead}</p>
      <pre class="invitation mono" tabIndex={0}>
        {props.shown}
      </pre>
    </Dialog>
  );
}
