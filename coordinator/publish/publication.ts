/**
 * What the public reads: every standing release that is public, as tables by indicator. Made from the releases' own
 * cells, kept until another release is public. Holds nothing that is not published.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rhoPerYearOf } from "../../protocol/federation/accounts.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import type { Calendar } from "../../protocol/plan/calendar.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import type { Indicator } from "../../protocol/question/indicator.ts";
import type { CellTable } from "../../protocol/release/release.ts";
import { type Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import { type Cube, cubesOf } from "../../publication/cube.ts";
import type { Overview } from "../../publication/overview.ts";
import type { StandingRelease } from "../../publication/standing-release.ts";
import { toldOf } from "../../publication/year.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { type Context, storedQuery, storedRelease } from "../context.ts";
import { type ReleaseRow, rowsOf, standingRows } from "./releases.ts";

export type Published = {
  /** Changes whenever anything that is published does. */
  readonly version: string;
  readonly cubes: ReadonlyMap<string, Cube>;
  readonly standings: readonly StandingRelease[];
  readonly calendars: ReadonlyArray<Calendar>;
  readonly year: Overview["year"];
  /** Where the public finds it; null: where each request came. */
  readonly address: string | null;
};

export type Publication = {
  readonly current: () => Promise<Published>;
  readonly indicators: {
    readonly body: Uint8Array;
    readonly hash: Hash;
    readonly known: readonly Indicator[];
  };
};

/** `isPublic` says whether what stands at a place of the log may be shown. */
export function publicationOf(
  context: Context,
  isPublic: (place: number | null) => boolean,
  address: string | null,
): Publication {
  const { body, hash, indicators: known, labels, population, version: catalogue } = catalogueHere();
  const indicators = { body, hash, known };
  // What is written depends on how it is written as well.
  const build = hashOf(readFileSync(join(import.meta.dirname, "../../package.json")));
  let made: { key: string; published: Promise<Published> } | null = null;
  const read = async (
    rows: readonly ReleaseRow[],
    calendars: readonly Calendar[],
    version: string,
  ): Promise<Published> => {
    const federation = context.federation();
    const regions = new Map(federation.directory.nodes.map(({ code, name }) => [code, name]));
    const ceiling = meaningOf(rhoPerYearOf(federation));
    const cubes = { indicators: known, labels, regions, population, year: ceiling };
    const standings = rows.map(({ id, query: asked, envelope, cells }): StandingRelease => {
      const query = storedQuery(asked);
      // Written by this process, and bound by hash in the release.
      const table = JSON.parse(cells) as CellTable;
      return {
        id,
        at: query.notBefore,
        plan: planIn(federation, query),
        release: storedRelease(envelope),
        table,
      };
    });
    return {
      version,
      cubes: new Map(cubesOf(standings, cubes).map((cube) => [cube.id, cube])),
      standings,
      calendars,
      year: { ceiling, told: toldOf(standings) },
      address,
    };
  };
  return {
    indicators,
    current: async () => {
      const { calendars, rows } = await standingRows(context, isPublic);
      const depends = [context.federation().hash, catalogue, build, ...rows.map(({ id }) => id)];
      const key = hashOf(utf8(depends.join())).slice(7, 39);
      // Whoever comes while it is made waits for the same.
      if (made?.key !== key)
        made = { key, published: rowsOf(rows, context).then((whole) => read(whole, calendars, key)) };
      try {
        return { ...(await made.published), calendars };
      } catch (error) {
        made = null;
        throw error;
      }
    },
  };
}
