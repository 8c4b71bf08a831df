// Descriptions as text: nothing of the document ever becomes markup, so that the page keeps the
// Trusted Types that forbid it. Backticks make code, empty lines paragraphs.
import type { Plugin } from "swagger-ui-dist/swagger-ui-es-bundle.js";

/** Pieces of a paragraph: text and code in turn. */
export const pieces = (paragraph: string): string[] => paragraph.split("`");

/** Paragraphs of a description. */
export const paragraphs = (source: string): string[] =>
  source.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "");

/** Takes the place of Swagger UI's own Markdown. */
export const plainText: Plugin = ({ React: { createElement } }) => ({
  components: {
    Markdown: ({ source }: { source?: unknown }) => {
      const shown = paragraphs(typeof source === "string" ? source : "").map((paragraph, key) =>
        createElement(
          "p",
          { key },
          ...pieces(paragraph).map((piece, n) =>
            n % 2 === 0 ? piece : createElement("code", { key: n }, piece),
          ),
        ),
      );
      return createElement("div", { className: "markdown" }, ...shown);
    },
  },
});
