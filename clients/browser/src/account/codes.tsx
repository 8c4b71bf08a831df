// Codes of an authenticator app: set it up, keep the recovery codes, do without it again.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Account, type Enrolment } from "../api";
import type { Refusal } from "../boot";
import { refusalSentence, text } from "../i18n";
import { Button, Field, Notice, PasswordField } from "../ui/controls";
import { copyWords } from "../ui/copy";
import { toast } from "../ui/toast";

type Props = { account: Account; onDone: () => void };
type Step =
  | { at: "rest" }
  | { at: "password" }
  | { at: "scan"; enrolment: Enrolment }
  | { at: "keep"; codes: string[] }
  | { at: "off" };

/** The second step of signing in. */
export function Codes({ account, onDone }: Props): JSX.Element {
  const t = text.value.account;
  const [step, setStep] = useState<Step>({ at: "rest" });
  const rest = () => setStep({ at: "rest" });
  const on = account.codes || step.at === "keep";
  const off = () => {
    rest();
    toast(t.codesOffDone);
    onDone();
  };
  return (
    <section class="card stack" aria-labelledby="codes-title">
      <div class="row wrap">
        <h2 id="codes-title" class="grow">
          {t.codes}
        </h2>
        <span class={on ? "tag accent" : "tag"}>{on ? t.codesOn : t.codesOff}</span>
      </div>
      {step.at === "rest" && <Rest account={account} onStep={setStep} />}
      {step.at === "password" && (
        <Begin onEnrolment={(enrolment) => setStep({ at: "scan", enrolment })} onCancel={rest} />
      )}
      {step.at === "scan" && (
        <Scan
          enrolment={step.enrolment}
          onCodes={(codes) => setStep({ at: "keep", codes })}
          onCancel={rest}
        />
      )}
      {step.at === "keep" && (
        <Keep
          codes={step.codes}
          onDone={() => {
            rest();
            onDone();
          }}
        />
      )}
      {step.at === "off" && <Off onDone={off} onCancel={rest} />}
    </section>
  );
}

function Rest({ account, onStep }: { account: Account; onStep: (step: Step) => void }) {
  const t = text.value.account;
  if (account.kept_elsewhere) return <p class="muted">{t.codesElsewhere}</p>;
  if (!account.codes) {
    return (
      <>
        <p class="muted">{t.codesLead}</p>
        <div class="row">
          <Button kind="primary" icon="lock" onClick={() => onStep({ at: "password" })}>
            {t.setUpCodes}
          </Button>
        </div>
      </>
    );
  }
  const left = account.recovery_codes_left;
  return (
    <>
      <p class="muted">{t.codesAreOn}</p>
      {left < 4 ? (
        <Notice tone="warm" icon="warn">
          {t.fewRecovery(left)}
        </Notice>
      ) : (
        <p class="muted small">{t.recoveryLeft(left)}</p>
      )}
      <div class="row">
        <Button onClick={() => onStep({ at: "off" })}>{t.turnCodesOff}</Button>
      </div>
    </>
  );
}

type BeginProps = { onEnrolment: (enrolment: Enrolment) => void; onCancel: () => void };

function Begin({ onEnrolment, onCancel }: BeginProps): JSX.Element {
  const t = text.value.account;
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.beginCodes(password);
    setBusy(false);
    if (answer.ok) onEnrolment(answer.value);
    else setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <p class="muted">{t.confirmPassword}</p>
      <PasswordField
        label={t.oldPassword}
        value={password}
        onValue={setPassword}
        autocomplete="current-password"
        required
        focused
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <div class="row wrap">
        <Button submit kind="primary" busy={busy}>
          {t.next}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {text.value.ui.cancel}
        </Button>
      </div>
    </form>
  );
}

type ScanProps = {
  enrolment: Enrolment;
  onCodes: (codes: string[]) => void;
  onCancel: () => void;
};

/** White around the squares, as scanners want it (ISO 18004: four of them). */
const quiet = 4;

function Scan({ enrolment, onCodes, onCancel }: ScanProps): JSX.Element {
  const t = text.value.account;
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const { key, link, picture } = enrolment;
  const side = picture.size + 2 * quiet;
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.confirmCodes(code);
    setBusy(false);
    if (answer.ok) onCodes(answer.value.recovery_codes);
    else setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <p class="muted">{t.scan}</p>
      <div class="scan">
        <svg
          class="qr"
          viewBox={`${-quiet} ${-quiet} ${side} ${side}`}
          role="img"
          aria-label={t.qr}
          shape-rendering="crispEdges"
        >
          <path d={picture.path} />
        </svg>
        <div class="stack tight">
          <span class="label">{t.key}</span>
          <code class="key">{key.replace(/(.{4})(?=.)/g, "$1 ")}</code>
          <div class="row wrap">
            <Button size="small" icon="copy" onClick={() => void copyWords(key)}>
              {t.copyKey}
            </Button>
            <a class="btn small" href={link}>
              {t.openApp}
            </a>
          </div>
        </div>
      </div>
      <Field
        label={t.firstCode}
        hint={t.firstCodeHint}
        value={code}
        onValue={setCode}
        class="id"
        inputMode="numeric"
        autocomplete="one-time-code"
        maxLength={7}
        required
        focused
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <div class="row wrap">
        <Button submit kind="primary" busy={busy}>
          {t.turnCodesOn}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {text.value.ui.cancel}
        </Button>
      </div>
    </form>
  );
}

function Keep({ codes, onDone }: { codes: string[]; onDone: () => void }): JSX.Element {
  const t = text.value.account;
  return (
    <div class="stack">
      <div role="status">
        <Notice icon="check">{t.codesOnDone}</Notice>
      </div>
      <p class="muted">{t.recoveryLead}</p>
      <ul class="recovery" aria-label={t.recovery} tabIndex={0}>
        {codes.map((each) => (
          <li key={each}>
            <code>{each}</code>
          </li>
        ))}
      </ul>
      <div class="row wrap">
        <Button kind="primary" focused onClick={onDone}>
          {t.kept}
        </Button>
        <Button icon="copy" onClick={() => void copyWords(codes.join("\n"))}>
          {t.copyAll}
        </Button>
      </div>
    </div>
  );
}

function Off({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }): JSX.Element {
  const t = text.value.account;
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setRefusal(null);
    const answer = await api.codesOff(password, code);
    setBusy(false);
    if (answer.ok) onDone();
    else setRefusal(answer.refusal);
  };
  return (
    <form class="stack" onSubmit={(e) => void send(e)}>
      <p class="muted">{t.offLead}</p>
      <PasswordField
        label={t.oldPassword}
        value={password}
        onValue={setPassword}
        autocomplete="current-password"
        required
        focused
      />
      <Field
        label={text.value.home.code}
        hint={text.value.home.codeHint}
        value={code}
        onValue={setCode}
        class="id"
        autocomplete="one-time-code"
        autocapitalize="off"
        spellcheck={false}
        maxLength={32}
        required
      />
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      <div class="row wrap">
        <Button submit kind="danger" busy={busy}>
          {t.turnCodesOff}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {text.value.ui.cancel}
        </Button>
      </div>
    </form>
  );
}
