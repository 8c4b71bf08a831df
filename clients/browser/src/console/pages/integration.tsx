// Who says who somebody is, and which programs may call: application servers, directories, and the
// integration code.
import type { JSX } from "preact";
import { Connections } from "../connections/list";
import { words } from "../words";
import { Code } from "./integration_code";
import { WithSettings } from "./settings";

const asks = ({ settings }: { settings: Record<string, unknown> }): string =>
  `${String(settings.method ?? "post").toUpperCase()} ${String(settings.url ?? "")}`;

/** The page. */
export function IntegrationPage(): JSX.Element {
  const t = words.value.settings;
  return (
    <WithSettings
      lead={t.integrationLead}
      show={(read, again) => (
        <>
          <Connections kind="callback" line={asks} />
          <Connections
            kind="ldap"
            line={({ settings }) =>
              `${[settings.servers].flat().join(", ")} ${String(settings.base_dn ?? "")}`
            }
          />
          <Connections kind="http" line={asks} />
          <Code read={read} onDone={again} />
        </>
      )}
    />
  );
}
