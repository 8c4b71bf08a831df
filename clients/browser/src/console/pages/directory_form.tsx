// Writes the lines of a directory for the settings file.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Field } from "../../ui/controls";
import { copyWords } from "../../ui/copy";
import { words } from "../words";
import { Lines, linesOf } from "./settings";

const quote = (value: string): string => JSON.stringify(value);

/** The lines for what was filled in. */
export function lines(form: {
  name: string;
  servers: string;
  base: string;
  bind: string;
  password: string;
  filter: string;
  administrators: string[];
}): string {
  const servers = form.servers
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  const name = form.name.toLowerCase().replace(/[^a-z0-9_-]/g, "") || "directory";
  const written = [
    `[ldap.${name}]`,
    `servers = [${servers.map(quote).join(", ")}]`,
    `base_dn = ${quote(form.base.trim())}`,
  ];
  if (form.bind.trim()) written.push(`bind_dn = ${quote(form.bind.trim())}`);
  if (form.password.trim()) written.push(`bind_password_file = ${quote(form.password.trim())}`);
  if (form.filter.trim()) written.push(`filter = ${quote(form.filter.trim())}`);
  if (form.administrators.length > 0) {
    written.push(`groups = "member_of"`, "allow_administrator = true");
    written.push(`administrators = [${form.administrators.map(quote).join(", ")}]`);
  }
  return written.join("\n");
}

/** The form. */
export function DirectoryForm(): JSX.Element {
  const t = words.value.settings;
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("corp");
  const [servers, setServers] = useState("");
  const [base, setBase] = useState("");
  const [bind, setBind] = useState("");
  const [password, setPassword] = useState("");
  const [filter, setFilter] = useState("");
  const [administrators, setAdministrators] = useState("");
  if (!open) {
    return (
      <div>
        <Button icon="plus" onClick={() => setOpen(true)}>
          {t.ldapForm}
        </Button>
      </div>
    );
  }
  const written = lines({
    ...{ name, servers, base, bind, password, filter },
    administrators: linesOf(administrators),
  });
  const plain = { autocomplete: "off", spellcheck: false } as const;
  return (
    <div class="stack">
      <h3>{t.ldapForm}</h3>
      <p class="muted">{t.ldapFormLead}</p>
      <div class="form-halves">
        <Field label={t.ldapName} value={name} onValue={setName} {...plain} focused />
        <Field
          label={t.ldapServers}
          value={servers}
          onValue={setServers}
          placeholder="dc1.example.org, dc2.example.org"
          {...plain}
        />
        <Field
          label={t.ldapBase}
          value={base}
          onValue={setBase}
          placeholder="dc=example,dc=org"
          {...plain}
        />
        <Field label={t.ldapBind} value={bind} onValue={setBind} {...plain} />
        <Field label={t.ldapPassword} value={password} onValue={setPassword} {...plain} />
        <Field
          label={t.ldapFilter}
          hint={t.ldapFilterHint}
          value={filter}
          onValue={setFilter}
          placeholder="(mail={name})"
          {...plain}
        />
      </div>
      <Lines
        id="ldap-administrators"
        label={t.ldapAdministrators}
        value={administrators}
        onValue={setAdministrators}
      />
      <h3>{t.ldapLines}</h3>
      <pre class="invitation mono" tabIndex={0}>
        {written}
      </pre>
      <div>
        <Button icon="copy" onClick={() => void copyWords(written)}>
          {t.copyEmbed}
        </Button>
      </div>
    </div>
  );
}
