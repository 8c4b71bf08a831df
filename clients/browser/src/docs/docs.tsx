// Every call of the server, to read and to try: Swagger UI over our own document.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import { serverName } from "../ui/brand";
import { Frame } from "../ui/frame";
import { isDark } from "../ui/theme";
import { plainText } from "./plain_text";
import { words } from "./words";

const documentAddress = "/api/v1/openapi.json";

/** Swagger UI is dark by a class. */
function followDark(): () => void {
  const root = document.documentElement;
  const put = () => void root.classList.toggle("dark-mode", isDark());
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stop = effect(put);
  system.addEventListener("change", put);
  return () => {
    stop();
    system.removeEventListener("change", put);
    root.classList.remove("dark-mode");
  };
}

/** The page of the calls. */
export default function Docs(): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const t = words.value;
  useEffect(() => {
    document.title = `${t.title} · ${serverName()}`;
  }, [t]);
  useEffect(followDark, []);
  useEffect(() => {
    if (!place.current) return;
    SwaggerUI({
      domNode: place.current,
      url: documentAddress,
      layout: "BaseLayout",
      plugins: [plainText],
      // Nobody else is asked whether the document is right, no address says what is shown, and no
      // key stays in the browser.
      validatorUrl: null,
      queryConfigEnabled: false,
      persistAuthorization: false,
      tryItOutEnabled: false,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      filter: true,
      deepLinking: false,
    });
  }, []);
  return (
    <Frame wide>
      <div class="stack tight docs-head">
        <h1>{t.title}</h1>
        <p class="muted">{t.lead}</p>
        <p class="row">
          <a href="/account">{t.keys}</a>
          <a href={documentAddress}>{t.document}</a>
        </p>
      </div>
      <div class="docs-calls" ref={place} />
    </Frame>
  );
}
