// A modal dialog on the native element: focus is trapped and given back by the browser.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { text } from "../i18n";
import { Button } from "./controls";

type DialogProps = {
  title: string;
  onClose: () => void;
  wide?: boolean;
  footer?: ComponentChildren;
  children: ComponentChildren;
};

/** A modal dialog; it is open for as long as it is rendered. */
export function Dialog({ title, onClose, wide, footer, children }: DialogProps): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement as HTMLElement | null;
    dialog?.showModal();
    return () => {
      dialog?.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClose={() => {
        // Browsers may close a dialog without asking; one that we closed is no longer in the
        // document.
        if (ref.current?.isConnected) onClose();
      }}
      onClick={(e) => {
        if (e.target === ref.current) onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" label={text.value.ui.close} onClick={onClose} />
      </header>
      <div class="body" tabIndex={0} role="group" aria-labelledby={id}>
        {children}
      </div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  );
}
