import { cpSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";
import { GRID } from "./src/charts/grid.ts";
import { PATHS } from "./src/paths.ts";

const here = (path: string) => resolve(import.meta.dirname, path);

/** A page at each address that is known, so that a plain file server answers all of them. */
function everyAddress(): void {
  const indicators = JSON.parse(readFileSync(here("../catalogue/indicators.json"), "utf8")) as Array<{
    id: string;
  }>;
  for (const language of ["sv", "en"] as const) {
    const slugs = Object.values(PATHS).map((path) => path[language]);
    const below = [...indicators.map(({ id }) => `i/${id}`), ...Object.keys(GRID).map((code) => `r/${code}`)];
    for (const slug of [...slugs, ...below].filter((each) => each !== "" && each !== "i" && each !== "r"))
      cpSync(here(`dist/${language}/index.html`), here(`dist/${language}/${slug}/index.html`));
  }
}

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  clearScreen: false,
  plugins: [{ name: "every-address", closeBundle: everyAddress }],
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
      treeshake: { moduleSideEffects: (id: string) => !/\/(protocol|publication)\//.test(id) },
    },
  },
  worker: { format: "es" },
});
