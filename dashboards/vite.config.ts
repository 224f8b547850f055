import { cpSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, defineConfig } from "vite";
import { GRID } from "./src/charts/grid.ts";
import { PATHS } from "./src/paths.ts";

// Whatever the environment says: else one who builds within a test would write folders' names into the pages.
process.env["NODE_ENV"] = "production";

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

/**
 * What is served on a person's own machine, a desk's pages and a node's, is built apart, once the site is: the site's
 * readers load no module that was cut to be shared with these.
 */
const OWN = "own";
const INPUTS = {
  site: { sv: here("sv/index.html"), en: here("en/index.html") },
  own: { console: here("console/index.html"), desk: here("desk/index.html") },
};

async function ownToo(): Promise<void> {
  everyAddress();
  await build({ configFile: here("vite.config.ts"), mode: OWN, logLevel: "error" });
}

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  base: "/",
  clearScreen: false,
  plugins: mode === OWN ? [] : [{ name: "every-address", closeBundle: ownToo }],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: here("dist"),
    assetsDir: mode === OWN ? "assets/own" : "assets",
    emptyOutDir: mode !== OWN,
    target: "es2024",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: mode === OWN ? INPUTS.own : INPUTS.site,
      // Our own modules do nothing when they are loaded: what is not used is left out, schemas included.
      treeshake: { moduleSideEffects: (id: string) => !/\/(protocol|publication)\//.test(id) },
    },
  },
  worker: { format: "es" },
}));
