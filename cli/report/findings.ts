/**
 * What a report finds in released tables: what differs with certainty, what changed, which groups are apart, and what
 * cannot be said. All that stands in one report is judged at once: `families` is how many tables that is.
 */
import { NATION } from "../../protocol/values/codes.ts";
import type { Language } from "../../protocol/values/language.ts";
import type { Text } from "../../protocol/values/text.ts";
import { gapBetween, gapWidens, isLine, regionsCompared, trendsOf } from "../../publication/comparisons.ts";
import { type Cube, inOrder, lastOf } from "../../publication/cube.ts";
import { regionName } from "./figures.ts";
import { SAYS } from "./words.ts";

/** One table of each indicator, of those that reach furthest, with its regions where there is one. */
export const oneEach = (cubes: readonly Cube[]): Cube[] =>
  [...new Set(cubes.map(({ indicator }) => indicator.id))].flatMap(
    (id) =>
      inOrder(
        cubes.filter(({ indicator }) => indicator.id === id),
        "regions",
      )[0] ?? [],
  );

/** Every breakdown of an indicator, each once, from the table that reaches furthest of those that have it. */
function breakdownsOf(
  cubes: readonly Cube[],
  of: Cube,
): Array<{ readonly cube: Cube; readonly column: string; readonly label: Text }> {
  const found = new Map<string, { cube: Cube; column: string; label: Text }>();
  const own = cubes.filter(({ indicator }) => indicator.id === of.indicator.id);
  for (const cube of inOrder(own, "nation"))
    for (const { code, label } of cube.columns)
      if (!found.has(code)) found.set(code, { cube, column: code, label });
  return [...found.values()];
}

/** Regions that differ from the nation, beside all that were compared. */
export const differencesIn = (cubes: readonly Cube[], families: number) =>
  cubes.flatMap((cube) => {
    const compared = regionsCompared(cube, lastOf(cube), families);
    const told = compared.filter(
      ({ difference }) => difference !== null && difference.verdict !== "no certain difference",
    );
    return told.length === 0 ? [] : [{ cube, compared, told }];
  });

/** Regions whose figures have gone one way, along what may be called a line. */
export const changesIn = (cubes: readonly Cube[], families: number) =>
  cubes.flatMap((cube) => {
    const of = trendsOf(cube, families).filter(
      ({ trend }) => trend !== null && trend.verdict !== "no certain difference" && isLine(trend),
    );
    return of.length === 0 ? [] : [{ cube, of }];
  });

/** Groups that are apart, by every breakdown there is of these tables' indicators. */
export const gapsIn = (all: readonly Cube[], cubes: readonly Cube[], families: number, language: Language) =>
  all.flatMap((of) =>
    breakdownsOf(cubes, of).flatMap(({ cube, column, label }) => {
      const gap = gapBetween(cube, column, lastOf(cube), families);
      const widens = gapWidens(cube, column, families) === true;
      return gap?.certain === true ? [{ cube, column: label[language], gap, widens }] : [];
    }),
  );

/** Regions that are missing, and figures too uncertain to rest anything on, or to be published. */
export const unsaidIn = (cubes: readonly Cube[], language: Language) =>
  cubes.flatMap((cube) => {
    const say = SAYS[language];
    const compared = regionsCompared(cube, lastOf(cube));
    const weak = compared.filter(({ unreliable }) => unreliable).length;
    const release = cube.releases.find(({ period }) => period === lastOf(cube))?.standing.release;
    const missing = release?.missing.map(({ region }) => region) ?? [];
    const within = cube.regions.values.filter(
      ({ code }) => code !== NATION && !missing.includes(code),
    ).length;
    const lines = [
      ...(missing.length > 0
        ? [say.missing(missing.map((code) => regionName(cube, code, language)).join(", "))]
        : []),
      ...(weak > 0 ? [say.weak(weak, compared.length)] : []),
      ...(within > compared.length ? [say.gone(within - compared.length, within)] : []),
    ];
    return lines.length === 0 ? [] : [{ cube, lines }];
  });
