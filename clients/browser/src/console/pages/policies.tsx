// The operator's scripts: what answers now and did before, and the way back.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Refusal } from "../../boot";
import { refusalSentence } from "../../i18n";
import { Button, Notice } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { toast } from "../../ui/toast";
import { calls, type Chains, type Policies } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { words } from "../words";
import { Decisions } from "./decisions";
import { Part } from "./settings";

type Script = { hook: string; name: string; sha256: string };

/** The page. */
export function PoliciesPage(): JSX.Element {
  const t = words.value.policies;
  const [read, setRead] = useState<Policies | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [back, setBack] = useState<number | null>(null);
  const [script, setScript] = useState<Script | null>(null);
  const again = () =>
    void calls.policies().then((answer) => {
      setRefusal(answer.ok ? null : answer.refusal);
      if (answer.ok) setRead(answer.value);
    });
  useEffect(again, []);
  return (
    <>
      <p class="muted">{t.lead}</p>
      {refusal && <Notice tone="bad">{refusalSentence(refusal)}</Notice>}
      {read && (
        <Part id="now-title" title={t.now}>
          {read.refused && (
            <Notice tone="bad">
              {t.refused} <code>{read.refused}</code>
            </Notice>
          )}
          {read.version === 0 ? (
            <p>{t.builtin}</p>
          ) : (
            <>
              <p>
                <span class="tag accent">{t.version(read.version)}</span>{" "}
                {t.counts(read.decisions ?? 0, read.fallbacks ?? 0)}
              </p>
              <Scripts live={read.live} trial={read.trial} onShow={setScript} />
            </>
          )}
        </Part>
      )}
      {read && read.versions.length > 0 && (
        <Part id="versions-title" title={t.versions}>
          <ul class="meetings">
            {read.versions.map((one) => (
              <li key={one.version}>
                <div class="grow">
                  <b class="block">{t.version(one.version)}</b>
                  <Scripts live={one.live} trial={one.trial} onShow={setScript} />
                </div>
                {one.version === read.version ? (
                  <span class="tag accent">{t.answersNow}</span>
                ) : (
                  mayChange.value && (
                    <Button
                      size="small"
                      label={t.backTitle(one.version)}
                      onClick={() => setBack(one.version)}
                    >
                      {t.back}
                    </Button>
                  )
                )}
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Decisions />
      {back !== null && (
        <Confirm
          title={t.backTitle(back)}
          lead={t.backLead}
          go={t.back}
          danger
          reason="needed"
          act={(reason) => calls.rollBack(back, reason)}
          onDone={() => {
            setBack(null);
            toast(t.isBack);
            again();
          }}
          onClose={() => setBack(null)}
        />
      )}
      {script && <ScriptDialog script={script} onClose={() => setScript(null)} />}
    </>
  );
}

function Scripts(props: {
  live: Chains;
  trial: Chains;
  onShow: (script: Script) => void;
}): JSX.Element {
  const t = words.value.policies;
  const chain = (chains: Chains, trial: boolean) =>
    Object.entries(chains).flatMap(([hook, members]) =>
      members.map(({ name, sha256 }) => (
        <Button
          key={`${hook}${name}${trial}`}
          size="small"
          label={t.show(`${hook}/${name}`)}
          onClick={() => props.onShow({ hook, name, sha256 })}
        >
          <code>
            {hook}/{name}
          </code>
          {trial && <span class="tag warm">{t.trial}</span>}
        </Button>
      )),
    );
  return (
    <div class="row wrap">
      {chain(props.live, false)}
      {chain(props.trial, true)}
    </div>
  );
}

function ScriptDialog(props: { script: Script; onClose: () => void }): JSX.Element {
  const { hook, name, sha256 } = props.script;
  const [text, setText] = useState("");
  useEffect(() => {
    void calls.script(hook, sha256).then((answer) => {
      setText(answer.ok ? answer.value.text : refusalSentence(answer.refusal));
    });
  }, []);
  return (
    <Dialog title={`${hook}/${name}.rhai`} onClose={props.onClose} wide>
      <p class="small muted mono">SHA-256 {sha256}</p>
      <pre class="invitation mono" tabIndex={0}>
        {text}
      </pre>
    </Dialog>
  );
}
