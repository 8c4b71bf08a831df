// Telephone bridges: what their own configuration needs, and a secret that is shown once.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import type { Connection } from "../calls";
import { words } from "../words";
import { products } from "./fields";
import { Connections } from "./list";

/** The card. */
export function Bridges({ address }: { address: string }): JSX.Element {
  const t = words.value.connections;
  const [drawn, setDrawn] = useState<{ one: Connection; secret: string } | null>(null);
  return (
    <>
      <Connections
        kind="bridge"
        line={({ settings }) => products[String(settings.dialect)] ?? t.dialects.json}
        below={(one) => <Address address={addressOf(address, one)} />}
        onDrawn={(one, secret) => setDrawn({ one, secret })}
      />
      {drawn && (
        <Dialog title={t.drawn} onClose={() => setDrawn(null)} wide>
          <p class="muted">{t.drawnLead}</p>
          <Copied label={t.copySecret} text={drawn.secret} />
          <h3>{t.snippet}</h3>
          <Copied label={t.copySnippet} text={snippet(address, drawn.one, drawn.secret)} />
        </Dialog>
      )}
    </>
  );
}

const addressOf = (base: string, one: Connection): string => `${base}/bridge/${one.name}/code`;

function Address({ address }: { address: string }): JSX.Element {
  const t = words.value.connections;
  return (
    <div class="row">
      <span class="grow small">
        <span class="muted">{t.address}: </span>
        <code class="bridge-address">{address}</code>
      </span>
      <Button
        kind="quiet"
        size="small"
        icon="copy"
        label={`${t.copyAddress}: ${address}`}
        onClick={() => void copyWords(address)}
      />
    </div>
  );
}

function Copied({ label, text }: { label: string; text: string }): JSX.Element {
  return (
    <div class="stack tight">
      <pre class="invitation mono" tabIndex={0}>
        {text}
      </pre>
      <div>
        <Button icon="copy" onClick={() => void copyWords(text)}>
          {label}
        </Button>
      </div>
    </div>
  );
}

/** What goes into a bridge's own configuration; docs/BRIDGES.md has all of it. */
export function snippet(base: string, one: Connection, secret: string): string {
  const url = `${base}/bridge/${one.name}`;
  switch (one.settings.dialect) {
    case "asterisk": {
      const [scheme, rest] = url.split("://");
      return `[globals]\nCONVOKE=${scheme}://bridge:${secret}@${rest}`;
    }
    case "freeswitch":
      return [
        `<param name="gateway-url" value="${url}/code" bindings="dialplan"/>`,
        `<param name="gateway-credentials" value="bridge:${secret}"/>`,
        `<param name="auth-scheme" value="basic"/>`,
        `<param name="method" value="POST"/>`,
      ].join("\n");
    case "jitsi":
      return [
        `conferenceMapper: "${url}/code"`,
        `phoneNumberList: "${url}/numbers"`,
        `Authorization: Bearer ${secret}`,
      ].join("\n");
    default:
      return `POST ${url}/code\nAuthorization: Bearer ${secret}`;
  }
}
