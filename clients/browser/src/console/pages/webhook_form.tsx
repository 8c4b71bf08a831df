// The form of a webhook: its address, and which events it is told, chosen family by family.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { Answer } from "../../api";
import { Field } from "../../ui/controls";
import { Confirm } from "../confirm";
import { families, webhooks, type Family, type Webhook } from "../programs";
import { words } from "../words";
import { Lines } from "./settings";

type Props = {
  /** The one that is changed; nothing for another one. */
  hook: Webhook | null;
  /** With its secret, when it is new. */
  onDone: (secret: string) => void;
  onClose: () => void;
};

const isFamily = (pattern: string): boolean => families.some((one) => `${one}.*` === pattern);

/** The dialog. */
export function WebhookForm({ hook, onDone, onClose }: Props): JSX.Element {
  const t = words.value.webhooks;
  const id = useId();
  const [url, setUrl] = useState(hook?.url ?? "");
  const [description, setDescription] = useState(hook?.description ?? "");
  const [all, setAll] = useState(hook ? hook.events.includes("*") : true);
  const [chosen, setChosen] = useState<string[]>(
    families.filter((one) => hook?.events.includes(`${one}.*`)),
  );
  const [single, setSingle] = useState(
    (hook?.events ?? []).filter((one) => one !== "*" && !isFamily(one)).join("\n"),
  );
  let secret = "";
  const act = async (reason: string): Promise<Answer<unknown>> => {
    const events = [
      ...(all ? ["*"] : families.filter((one) => chosen.includes(one)).map((one) => `${one}.*`)),
      ...single.split(/[\s,]+/).filter(Boolean),
    ];
    const wanted = { url: url.trim(), events, description: description.trim() || null };
    if (hook) return webhooks.change(hook.number, wanted, reason);
    const answer = await webhooks.add(wanted, reason);
    if (answer.ok) secret = answer.value.secret;
    return answer;
  };
  return (
    <Confirm
      title={hook ? t.changeTitle : t.add}
      lead={hook ? undefined : t.addLead}
      go={hook ? words.value.save : words.value.add}
      reason="welcome"
      wide
      act={act}
      onDone={() => onDone(secret)}
      onClose={onClose}
    >
      <Field
        label={t.url}
        hint={t.urlHint}
        value={url}
        onValue={setUrl}
        placeholder="https://crm.example.org/convoke"
        maxLength={2000}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        required
        focused
      />
      <Field
        label={t.description}
        value={description}
        onValue={setDescription}
        maxLength={300}
        autocomplete="off"
      />
      <fieldset class="boxes families">
        <legend>{t.events}</legend>
        <label class="box all">
          <input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
          <span>
            {t.everything} <code>*</code>
          </span>
        </label>
        {!all &&
          families.map((family: Family) => (
            <label class="box" key={family}>
              <input
                type="checkbox"
                checked={chosen.includes(family)}
                onChange={(e) =>
                  setChosen(
                    e.currentTarget.checked
                      ? [...chosen, family]
                      : chosen.filter((one) => one !== family),
                  )
                }
              />
              <span>
                {t.family[family]} <code>{family}.*</code>
              </span>
            </label>
          ))}
      </fieldset>
      <Lines
        id={id}
        label={t.single}
        hint={t.singleHint}
        value={single}
        onValue={setSingle}
        rows={2}
      />
    </Confirm>
  );
}
