// The frame of every page outside a meeting: brand, switches, main part, foot.
import type { ComponentChildren, JSX } from "preact";
import { text } from "../i18n";
import { serverName } from "./brand";
import { Mark } from "./icons";
import { Preferences } from "./preferences";
import { Toasts } from "./toast";

/** The frame; `aside` stands at the right of the header. */
export function Frame(props: {
  aside?: ComponentChildren;
  narrow?: boolean;
  wide?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {text.value.ui.skip}
      </a>
      <header class="frame-top">
        <a class="brand" href="/" aria-label={serverName()}>
          <Mark />
          <span class="clip">{serverName()}</span>
        </a>
        <span class="grow" />
        <Preferences />
        {props.aside}
      </header>
      <main
        id="main"
        tabIndex={-1}
        class={`frame-main ${props.narrow ? "narrow" : ""} ${props.wide ? "wide" : ""}`}
      >
        {props.children}
      </main>
      <footer class="frame-foot small muted">
        <span>{serverName()}</span>
        <span aria-hidden="true">·</span>
        <span>{text.value.ui.tagline}</span>
      </footer>
      <Toasts />
    </div>
  );
}
