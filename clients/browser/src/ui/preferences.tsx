// The two switches every page carries: language and light or dark.
import type { JSX } from "preact";
import { locale, switchLocale, text } from "../i18n";
import { Button } from "./controls";
import { Icon } from "./icons";
import { isDark, switchTheme, theme } from "./theme";

/** The language and theme switches. */
export function Preferences(): JSX.Element {
  const t = text.value.ui;
  // Reading the signal makes the label follow the choice.
  const other = locale.value === "en" ? "简体中文" : "English";
  const dark = theme.value === "system" ? isDark() : theme.value === "dark";
  return (
    <div class="row prefs">
      <button
        type="button"
        class="btn quiet small"
        lang={locale.value === "en" ? "zh-Hans" : "en"}
        aria-label={other}
        onClick={switchLocale}
      >
        <Icon name="language" />
        <span class="prefs-word">{other}</span>
      </button>
      <Button
        kind="quiet"
        size="small"
        icon={dark ? "sun" : "moon"}
        label={dark ? t.toLight : t.toDark}
        onClick={switchTheme}
      />
    </div>
  );
}
