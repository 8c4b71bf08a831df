// What a browser without WebCodecs is told, and what can be done about it.
import type { JSX } from "preact";
import { text } from "../i18n";
import { Button, Notice } from "../ui/controls";
import { Frame } from "../ui/frame";
import { Icon } from "../ui/icons";

/** True when this browser can decode and play a meeting. */
export function canMeet(): boolean {
  return (
    typeof VideoDecoder === "function" &&
    typeof AudioDecoder === "function" &&
    typeof EncodedVideoChunk === "function" &&
    typeof OffscreenCanvas === "function" &&
    typeof AudioWorkletNode === "function"
  );
}

/** The page for a browser that cannot. */
export function Missing(): JSX.Element {
  const t = text.value.missing;
  const insecure = !window.isSecureContext;
  return (
    <Frame narrow>
      <div class="card lift stack">
        <span class="point-icon big">
          <Icon name="cameraOff" />
        </span>
        <h1>{t.title}</h1>
        {insecure ? (
          <>
            <Notice tone="warm">{t.insecure}</Notice>
            <a class="btn primary big" href={location.href.replace(/^http:/, "https:")}>
              {t.openSecure}
            </a>
          </>
        ) : (
          <>
            <p class="muted">{t.lead}</p>
            <p>{t.advice}</p>
            <p>
              <b>{t.browsers}</b>
            </p>
            <Button kind="primary" onClick={() => location.reload()}>
              {t.again}
            </Button>
          </>
        )}
      </div>
    </Frame>
  );
}
