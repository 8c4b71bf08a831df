// Public lists: where they are, what heads them, and whose pages may show them.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, Notice, Switch } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import type { Configured } from "../calls";
import { words } from "../words";
import { Lines, linesOf, Part, PartForm, WithSettings } from "./settings";

const kinds = ["html", "xml", "json", "ics", "atom"] as const;

/** The page. */
export function PublishingPage(): JSX.Element {
  const t = words.value.settings;
  return (
    <WithSettings
      lead={t.publishingLead}
      show={(read, again) => (
        <>
          <Form read={read} onSaved={again} />
          <Addresses base={read.address} />
        </>
      )}
    />
  );
}

function Form({ read, onSaved }: { read: Configured; onSaved: () => void }): JSX.Element {
  const t = words.value.settings;
  const first = read.settings.publishing;
  const [on, setOn] = useState(!first.off);
  const [title, setTitle] = useState(first.title ?? "");
  const [frames, setFrames] = useState((first.frame_ancestors ?? []).join("\n"));
  const part = () => ({
    publishing: { off: !on, title: title.trim() || null, frame_ancestors: linesOf(frames) },
  });
  return (
    <PartForm id="lists-title" title={words.value.pages.publishing} part={part} onSaved={onSaved}>
      <Switch on={on} onChange={setOn}>
        {t.publish}
      </Switch>
      <Field
        label={t.listTitle}
        hint={t.listTitleHint}
        value={title}
        onValue={setTitle}
        maxLength={200}
        autocomplete="off"
      />
      <Lines id="frames" label={t.frames} hint={t.framesHint} value={frames} onValue={setFrames} />
      {linesOf(frames).includes("*") && <Notice tone="warm">{t.framesAll}</Notice>}
    </PartForm>
  );
}

/** Addresses to copy, and the lines that put a list into another page. */
function Addresses({ base }: { base: string }): JSX.Element {
  const t = words.value.settings;
  const html = `${base}/as/public/meetings.html`;
  const embed = `<iframe src="${html}" title="Meetings" width="100%" height="600"></iframe>`;
  return (
    <Part id="addresses-title" title={t.addresses}>
      <dl class="pairs addresses">
        {kinds.map((kind) => {
          const address = `${base}/as/public/meetings.${kind}`;
          return [
            <dt key={kind}>{t.kinds[kind]}</dt>,
            <dd key={`${kind}-address`} class="row">
              <code class="grow">{address}</code>
              <Button
                kind="quiet"
                size="small"
                icon="copy"
                label={t.copyAddress(t.kinds[kind])}
                onClick={() => void copyWords(address)}
              />
            </dd>,
          ];
        })}
      </dl>
      <h3>{t.embed}</h3>
      <pre class="invitation mono" tabIndex={0}>
        {embed}
      </pre>
      <div>
        <Button icon="copy" onClick={() => void copyWords(embed)}>
          {t.copyEmbed}
        </Button>
      </div>
    </Part>
  );
}
