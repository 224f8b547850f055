import { resolve } from "node:path";
import { defineConfig } from "vite";

const here = (path: string) => resolve(import.meta.dirname, path);

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  clearScreen: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: here("dist"),
    emptyOutDir: true,
    target: "es2024",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { sv: here("sv/index.html"), en: here("en/index.html"), console: here("console/index.html") },
      // Our own modules do nothing when they are loaded: what is not used is left out, schemas included.
      treeshake: { moduleSideEffects: (id: string) => !/\/protocol\//.test(id) },
    },
  },
  worker: { format: "es" },
});
