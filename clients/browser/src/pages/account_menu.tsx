// Who is signed in, at the right of the header, and what they can do about it.
import type { JSX } from "preact";
import { api, seesConsole, type Account } from "../api";
import { text } from "../i18n";
import { Icon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";

/** The menu of whoever is signed in. */
export function AccountMenu({
  account,
  onOut,
}: {
  account: Account;
  onOut: () => void;
}): JSX.Element {
  const t = text.value;
  const shown = account.name || account.email;
  const console: MenuItem = {
    icon: "presenter",
    label: t.home.console,
    act: () => location.assign("/console"),
  };
  const out = async () => {
    await api.signOut();
    onOut();
  };
  return (
    <Menu
      class="btn small"
      label={`${shown} · ${t.home.accountMenu}`}
      items={[
        ...(seesConsole(account) ? [console] : []),
        { icon: "settings", label: t.account.title, act: () => location.assign("/account") },
        { icon: "leave", label: t.home.signOut, act: () => void out() },
      ]}
    >
      <span class="account-name clip">{shown}</span>
      <Icon name="more" />
    </Menu>
  );
}
