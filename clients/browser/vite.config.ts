// How the client is built: one document, hashed assets, nothing inline, everything from one origin.
import { defineConfig } from "vitest/config";

const server = process.env["CONVOKE_SERVER"] ?? "http://localhost:8889";

export default defineConfig({
  build: {
    target: ["chrome123", "edge123", "firefox130", "safari17.5"],
    // The content security policy forbids data: scripts and inline text, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Swagger UI comes in one piece, and only to who opens its page.
    chunkSizeWarningLimit: 1700,
  },
  worker: { format: "es" },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    host: "localhost",
    proxy: {
      "/api": server,
      "/as": server,
      "/ws": { target: server, ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
