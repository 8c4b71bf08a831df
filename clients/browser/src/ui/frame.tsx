// The frame of every page outside a meeting: brand, switches, main part, foot.
import type { ComponentChildren, JSX } from "preact";
import { text } from "../i18n";
import { Mark } from "./icons";
import { Preferences } from "./preferences";
import { Toasts } from "./toast";

/** The frame; `aside` stands at the right of the header. */
export function Frame(props: {
  aside?: ComponentChildren;
  narrow?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {text.value.ui.skip}
      </a>
      <header class="frame-top">
        <a class="brand" href="/" aria-label="Convoke">
          <Mark />
          <span>Convoke</span>
        </a>
        <span class="grow" />
        <Preferences />
        {props.aside}
      </header>
      <main id="main" tabIndex={-1} class={props.narrow ? "frame-main narrow" : "frame-main"}>
        {props.children}
      </main>
      <footer class="frame-foot small muted">
        <span>Convoke</span>
        <span aria-hidden="true">·</span>
        <span>{text.value.ui.tagline}</span>
      </footer>
      <Toasts />
    </div>
  );
}
