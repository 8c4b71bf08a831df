// How meetings are reached by telephone.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Field, Switch } from "../../ui/controls";
import type { Configured, Telephone } from "../calls";
import { Bridges } from "../connections/bridges";
import { words } from "../words";
import { PartForm, WithSettings } from "./settings";

/** The page. */
export function TelephonePage(): JSX.Element {
  const t = words.value.settings;
  return (
    <WithSettings
      lead={t.telephoneLead}
      show={(read, again) => (
        <>
          <Form read={read} onSaved={again} />
          <Bridges address={read.address} />
        </>
      )}
    />
  );
}

const numbers_max = 100;

function Form({ read, onSaved }: { read: Configured; onSaved: () => void }): JSX.Element {
  const t = words.value.settings;
  const first = read.settings.telephone;
  const [numbers, setNumbers] = useState(first.numbers ?? []);
  const [idIsCode, setIdIsCode] = useState(first.meeting_id_is_code);
  const [draws, setDraws] = useState(first.draw_codes);
  const change = (at: number, part: Partial<Telephone["numbers"][number]>) =>
    setNumbers(numbers.map((one, n) => (n === at ? { ...one, ...part } : one)));
  const part = () => ({
    telephone: {
      numbers: numbers
        .filter((one) => one.number.trim() !== "")
        .map((one) => ({ ...one, country: one.country?.trim().toUpperCase() || null })),
      meeting_id_is_code: idIsCode,
      draw_codes: draws,
    },
  });
  return (
    <PartForm id="numbers-title" title={t.numbers} part={part} onSaved={onSaved}>
      {numbers.length === 0 && <p class="muted">{t.noNumbers}</p>}
      {numbers.map((one, at) => (
        <div class="number" key={at}>
          <Field
            label={t.number}
            value={one.number}
            onValue={(number) => change(at, { number })}
            maxLength={40}
            autocomplete="off"
          />
          <Field
            label={t.country}
            value={one.country ?? ""}
            onValue={(country) => change(at, { country })}
            placeholder={t.countryHint}
            maxLength={2}
            autocomplete="off"
          />
          <Switch on={one.toll_free} onChange={(toll_free) => change(at, { toll_free })}>
            {t.tollFree}
          </Switch>
          <Button
            kind="quiet"
            icon="close"
            label={`${t.removeNumber}: ${one.number}`}
            onClick={() => setNumbers(numbers.filter((_, n) => n !== at))}
          />
        </div>
      ))}
      <div>
        <Button
          icon="plus"
          disabled={numbers.length >= numbers_max}
          onClick={() => setNumbers([...numbers, { number: "", country: null, toll_free: false }])}
        >
          {t.addNumber}
        </Button>
      </div>
      <Switch on={idIsCode} onChange={setIdIsCode}>
        {t.meetingIdIsCode}
      </Switch>
      <Switch on={draws} onChange={setDraws}>
        {t.drawCodes}
      </Switch>
    </PartForm>
  );
}
