// The integration code: what programs that call the legacy interface send along.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../../api";
import { Button, Field } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import { toast } from "../../ui/toast";
import { calls, type Configured } from "../calls";
import { Confirm } from "../confirm";
import { mayChange } from "../may";
import { words } from "../words";
import { Part } from "./settings";

/** 24 letters that nobody has to type. */
function draw(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return [...bytes].map((byte) => letters[byte % letters.length]).join("");
}

/** The card. */
export function Code({ read, onDone }: { read: Configured; onDone: () => void }): JSX.Element {
  const t = words.value.settings;
  const has = read.settings.integration.has_code;
  const [asked, setAsked] = useState<"set" | "remove" | null>(null);
  const [code, setCode] = useState("");
  const act = (reason: string): Promise<Answer<unknown>> =>
    calls.setCode(asked === "set" ? code.trim() : null, reason);
  const done = () => {
    toast(asked === "set" ? t.codeDone : t.codeGone);
    setAsked(null);
    setCode("");
    onDone();
  };
  const set = asked === "set";
  return (
    <Part id="code-title" title={t.code} lead={t.codeLead}>
      <p>{has ? t.codeIs : t.codeIsNot}</p>
      <div class="row wrap">
        <Button kind="primary" disabled={!mayChange.value} onClick={() => setAsked("set")}>
          {t.codeSet}
        </Button>
        {has && (
          <Button kind="danger" disabled={!mayChange.value} onClick={() => setAsked("remove")}>
            {t.codeRemove}
          </Button>
        )}
      </div>
      {asked && (
        <Confirm
          title={set ? t.codeSet : t.codeRemove}
          go={set ? t.codeSet : t.codeRemove}
          danger={!set}
          reason="needed"
          act={act}
          onDone={done}
          onClose={() => setAsked(null)}
        >
          {set && (
            <div class="stack tight">
              <Field
                label={t.codeNew}
                hint={t.codeHint}
                value={code}
                onValue={setCode}
                maxLength={128}
                autocomplete="off"
                spellcheck={false}
                class="mono"
                required
              />
              <div class="row wrap">
                <Button icon="refresh" size="small" onClick={() => setCode(draw())}>
                  {t.codeDraw}
                </Button>
                <Button
                  icon="copy"
                  size="small"
                  disabled={code === ""}
                  onClick={() => void copyWords(code)}
                >
                  {words.value.settings.copy}
                </Button>
              </div>
            </div>
          )}
        </Confirm>
      )}
    </Part>
  );
}
