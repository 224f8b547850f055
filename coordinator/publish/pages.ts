/** The pages, and what is published as they are sent it: static files, and one file for the overview and for each table. */
import { Hono } from "hono";
import { utf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { viewOf } from "../../publication/make-view.ts";
import { overviewOf } from "../../publication/overview.ts";
import { yearsIn } from "../../publication/year.ts";
import { type Asset, assetOf, assetsIn, policyOf, sendAsset } from "../../server/assets.ts";
import { BUILT, FILES_PATH, filesText } from "../../server/built-pages.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import type { Context } from "../context.ts";
import { budgetsOf } from "../query/budgets.ts";
import { attacksHere } from "./attacks.ts";
import type { Publication } from "./publication.ts";

export type Pages = Pick<Context, "federation" | "store"> & { readonly publication: Publication };

export function pagesOf(pages: Pages, built = BUILT): Hono {
  const app = new Hono();
  serveViews(app, pages);
  app.get("/pages/years.json", async (c) => c.json(yearsIn(await budgetsOf(pages))));
  serveBuilt(app, built);
  return app;
}

/** What is published, as the pages read it: each file written once for each version of it. */
function serveViews(app: Hono, { publication, federation }: Pages): void {
  let made: { version: string; assets: Map<string, Asset> } = { version: "", assets: new Map() };
  const once = async (name: string, write: () => unknown): Promise<Asset> => {
    const { version } = await publication.current();
    if (made.version !== version) made = { version, assets: new Map() };
    const { assets } = made;
    const asset = assets.get(name) ?? assetOf("view.json", utf8(JSON.stringify(write())));
    assets.set(name, asset);
    return asset;
  };

  app.get("/pages/overview.json", async (c) => {
    const { cubes, version, year } = await publication.current();
    const { first, directory } = federation();
    const regions = directory.nodes.map(({ code, name }) => ({ code, name }));
    const write = () =>
      overviewOf([...cubes.values()], publication.indicators.known, {
        version,
        directory1: first,
        regions,
        year,
      });
    return sendAsset(c, await once("overview", write));
  });
  app.get("/pages/tables/:file{.+\\.json}", async (c) => {
    const id = c.req.param("file").slice(0, -".json".length);
    const { cubes } = await publication.current();
    const cube = cubes.get(id);
    if (cube === undefined)
      throw new Refusal("table-unknown", "expected the id of a table that is published");
    const others = [...cubes.values()].filter(({ indicator }) => indicator.id === cube.indicator.id);
    const write = () =>
      viewOf(
        cube,
        others.map((each) => each.id),
      );
    return sendAsset(c, await once(`table ${id}`, write));
  });

  const labels = assetOf("labels.json", utf8(JSON.stringify(catalogueHere().labels)));
  app.get("/pages/labels.json", (c) => sendAsset(c, labels));
  const attacks = assetOf("attacks.json", utf8(JSON.stringify(attacksHere())));
  app.get("/pages/attacks.json", (c) => sendAsset(c, attacks));
}

/** The pages themselves, as they were built. */
function serveBuilt(app: Hono, built: string): void {
  const files = assetsIn(built);
  app.get("/assets/:file{.+}", (c) => {
    const asset = files(`assets/${c.req.param("file")}`);
    if (asset === undefined) throw new Refusal("not-found", "expected a file of the pages");
    return sendAsset(c, asset, { "content-security-policy": policyOf(false) });
  });
  let list: Asset | undefined;
  app.get(`/${FILES_PATH}`, (c) => {
    list ??= assetOf(FILES_PATH, utf8(filesText(built)));
    return sendAsset(c, list);
  });
  app.get("/", (c) => c.redirect(/^en\b/i.test(c.req.header("accept-language") ?? "") ? "/en/" : "/sv/"));
  app.get("/tillganglighet", (c) => c.redirect("/sv/tillganglighet"));
  for (const language of ["sv", "en"] as const) {
    app.get(`/${language}`, (c) => c.redirect(`/${language}/`));
    app.get(`/${language}/*`, (c) => {
      const page = files(`${language}/index.html`);
      if (page === undefined)
        throw new Refusal("not-found", "expected pages that are built: npm start builds them");
      // Only a chart may stand in another's page: nothing there signs.
      const frames = c.req.query("embed") !== undefined && c.req.path.startsWith(`/${language}/i/`);
      return sendAsset(c, page, { "content-security-policy": policyOf(frames) });
    });
  }
}
