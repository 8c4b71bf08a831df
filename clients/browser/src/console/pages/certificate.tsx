// The certificate that browsers are shown: whose it is, until when, and how to replace it.
import type { JSX } from "preact";
import { dateAndTime } from "../../i18n";
import { Button, Notice } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import type { Configured } from "../calls";
import { words } from "../words";
import { Part } from "./settings";

const day_ms = 24 * 60 * 60 * 1000;
/** As the overview has it. */
const warned_before_days = 14;

const lines = `[tls]
certificate = "/etc/convoke/chain.pem"
key = "/etc/convoke/key.pem"`;

/** The part of the page about the server. */
export function CertificatePart({ read }: { read: Configured }): JSX.Element {
  const t = words.value.settings;
  const { certificate } = read.config;
  return (
    <Part id="certificate-title" title={t.certificate} lead={t.certificateLead}>
      {!certificate && <p>{t.certificateNone}</p>}
      {certificate && <Known certificate={certificate} />}
      {certificate && (
        <details>
          <summary>{t.certificateReplace}</summary>
          <div class="stack tight replace">
            {!certificate.own && <p>{t.certificateReplaceMade}</p>}
            <p>{t.certificateReplaceLead}</p>
            <pre class="invitation mono" tabIndex={0}>
              {lines}
            </pre>
          </div>
        </details>
      )}
    </Part>
  );
}

type Shown = NonNullable<Configured["config"]["certificate"]>;

function Known({ certificate }: { certificate: Shown }): JSX.Element {
  const t = words.value.settings;
  const { details, fingerprint } = certificate;
  return (
    <>
      {details ? <Warning ends_ms={details.ends_ms} begins_ms={details.begins_ms} /> : null}
      {!details && <Notice tone="warm">{t.certificateOdd}</Notice>}
      <dl class="pairs">
        <dt>{t.certificate}</dt>
        <dd>{certificate.own ? t.certificateOwn : t.certificateMade}</dd>
        {details && (
          <>
            <dt>{t.subject}</dt>
            <dd>{details.subject || words.value.none}</dd>
            <dt>{t.names}</dt>
            <dd class="url">{details.names.join(", ") || words.value.none}</dd>
            <dt>{t.issuer}</dt>
            <dd>{details.issuer || words.value.none}</dd>
            <dt>{t.begins}</dt>
            <dd>{dateAndTime(details.begins_ms)}</dd>
            <dt>{t.ends}</dt>
            <dd>{dateAndTime(details.ends_ms)}</dd>
          </>
        )}
        <dt>{t.file}</dt>
        <dd class="mono small url">{certificate.file}</dd>
        <dt>{t.fingerprint}</dt>
        <dd>
          <span class="mono small url block">{fingerprint}</span>
          <Button size="small" kind="quiet" icon="copy" onClick={() => void copyWords(fingerprint)}>
            {t.copyFingerprint}
          </Button>
        </dd>
      </dl>
    </>
  );
}

function Warning(props: { begins_ms: number; ends_ms: number }): JSX.Element | null {
  const t = words.value.overview.certificate;
  const left = props.ends_ms - Date.now();
  if (props.begins_ms > Date.now())
    return <Notice tone="bad">{t.not_yet("", dateAndTime(props.begins_ms))}</Notice>;
  if (left <= 0) return <Notice tone="bad">{t.ended("", dateAndTime(props.ends_ms))}</Notice>;
  const days = Math.ceil(left / day_ms);
  if (days > warned_before_days) return null;
  return (
    <Notice tone="warm" icon="warn">
      {t.ends(String(days), dateAndTime(props.ends_ms))}
    </Notice>
  );
}
