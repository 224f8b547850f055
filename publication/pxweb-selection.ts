/**
 * What a client of PxWebApi 2 chooses of a table: codes and expressions, variable by variable. Whoever leaves a variable
 * out gets its total, which is published with its own error; where there is none, nothing is added up for them.
 */
import { z } from "zod";
import { Refusal } from "../protocol/values/refusal.ts";
import { atPlaces, type Cube, type CubeDimension, contentsOf, dimensionsOf } from "./cube.ts";

export const VariablesSelection = z.object({
  selection: z
    .array(
      z.object({
        variableCode: z.string().max(100),
        codelist: z.string().max(100).nullish(),
        valueCodes: z.array(z.string().max(200)).max(10_000).optional(),
      }),
    )
    .max(20),
  placement: z
    .object({
      heading: z.array(z.string().max(100)).max(20).optional(),
      stub: z.array(z.string().max(100)).max(20).optional(),
    })
    .nullish(),
});
export type VariablesSelection = z.infer<typeof VariablesSelection>;

/** Places chosen of each dimension, in the table's order, the contents last. */
export type Selected = {
  readonly places: readonly (readonly number[])[];
  readonly contents: readonly number[];
};

/** What an interface gives at a time. */
export const MAX_CELLS = 150_000;
export const CONTENTS_CODE = "ContentsCode";

const unfit = (detail: string): Refusal => new Refusal("selection-unfit", detail);

/** The variables of a table, contents among them, by code. */
function variables(cube: Cube): ReadonlyArray<{
  readonly code: string;
  readonly codes: readonly string[];
  readonly dimension: CubeDimension | null;
}> {
  return [
    ...dimensionsOf(cube).map((dimension) => ({
      code: dimension.code,
      codes: dimension.values.map(({ code }) => code),
      dimension,
    })),
    { code: CONTENTS_CODE, codes: contentsOf(cube), dimension: null },
  ];
}

const COUNT = String.raw`\s*(\d{1,6})\s*`;
const EXPRESSIONS: ReadonlyArray<
  readonly [RegExp, (codes: readonly string[], match: RegExpExecArray) => readonly number[]]
> = [
  [
    new RegExp(`^TOP\\(${COUNT}(?:,${COUNT})?\\)$`, "i"),
    (codes, [, n, offset]) => span(codes, Number(offset ?? 0), Number(offset ?? 0) + Number(n)),
  ],
  [
    new RegExp(`^BOTTOM\\(${COUNT}(?:,${COUNT})?\\)$`, "i"),
    (codes, [, n, offset]) =>
      span(codes, codes.length - Number(offset ?? 0) - Number(n), codes.length - Number(offset ?? 0)),
  ],
  [
    /^RANGE\(([^,()]{1,100}),([^,()]{1,100})\)$/i,
    (codes, [, from, to]) => span(codes, placeIn(codes, from), placeIn(codes, to) + 1),
  ],
  [/^FROM\(([^,()]{1,100})\)$/i, (codes, [, from]) => span(codes, placeIn(codes, from), codes.length)],
  [/^TO\(([^,()]{1,100})\)$/i, (codes, [, to]) => span(codes, 0, placeIn(codes, to) + 1)],
];

const span = (codes: readonly string[], from: number, to: number): number[] =>
  codes.map((_, at) => at).filter((at) => at >= Math.max(0, from) && at < to);

function placeIn(codes: readonly string[], code: string | undefined): number {
  const at = codes.findIndex((each) => each.toLowerCase() === code?.trim().toLowerCase());
  if (at < 0) throw unfit("expected a code of the variable in an expression");
  return at;
}

/** One code or expression: `*` and `?` stand for any letters, or one; TOP, BOTTOM, RANGE, FROM and TO for stretches. */
function chosen(codes: readonly string[], written: string): readonly number[] {
  const text =
    written.startsWith("[") && written.endsWith("]") ? written.slice(1, -1).trim() : written.trim();
  for (const [pattern, choose] of EXPRESSIONS) {
    const match = pattern.exec(text);
    if (match !== null) return choose(codes, match);
  }
  if (/[*?]/.test(text)) {
    if (text.split("*").length > 3 || text.length > 100)
      throw unfit("expected at most two * in an expression");
    return codes.flatMap((code, at) => (fits(code.toLowerCase(), text.toLowerCase()) ? [at] : []));
  }
  const exact = codes.indexOf(text);
  const at = exact >= 0 ? exact : codes.findIndex((code) => code.toLowerCase() === text.toLowerCase());
  if (at < 0) throw unfit("expected codes that the table's metadata lists");
  return [at];
}

/** With at most two stars no pattern takes long: no regular expression is made of what a client sends. */
function fits(code: string, pattern: string): boolean {
  const star = pattern.indexOf("*");
  const same = (a: string, b: string) =>
    a.length === b.length && [...b].every((letter, at) => letter === "?" || letter === a[at]);
  if (star < 0) return same(code, pattern);
  if (!same(code.slice(0, star), pattern.slice(0, star))) return false;
  const rest = pattern.slice(star + 1);
  for (let at = star; at <= code.length; at++) if (fits(code.slice(at), rest)) return true;
  return false;
}

/** What is shown unless said otherwise: all regions, the latest period, totals, the value. */
export const defaultSelection = (cube: Cube): VariablesSelection => ({
  selection: variables(cube).map(({ code, codes, dimension }) => {
    const { total } = dimension ?? { total: null };
    const valueCodes =
      dimension === cube.regions
        ? [...codes]
        : dimension === cube.periods
          ? codes.slice(-1)
          : total === null
            ? codes.slice(0, 1)
            : [total];
    return { variableCode: code, valueCodes };
  }),
});

/**
 * The places that a selection chooses. Refuses (`selection-unfit`) variables, codes and expressions that the table has
 * not, a list of codes, since none here adds figures up, and what leaves a variable without a total out; and
 * (`too-many-cells`) more than is given at a time.
 */
export function selectIn(cube: Cube, { selection }: VariablesSelection): Selected {
  const known = variables(cube);
  const names = selection.map(({ variableCode }) => variableCode.toLowerCase());
  if (new Set(names).size !== names.length) throw unfit("expected each variable once");
  if (names.some((name) => !known.some(({ code }) => code.toLowerCase() === name)))
    throw unfit(`expected variables of the table: ${known.map(({ code }) => code).join(", ")}`);
  if (selection.some(({ codelist }) => codelist != null && codelist !== ""))
    throw unfit(
      "expected no list of codes: figures with noise are not added up; choose among the totals that are published",
    );
  const all = known.map(({ code, codes, dimension }) => {
    const own = selection.find(({ variableCode }) => variableCode.toLowerCase() === code.toLowerCase());
    if (own === undefined) {
      if (dimension === null) return [0];
      if (dimension.total === null) throw unfit(`expected values of ${code}, which has no total`);
      return [codes.indexOf(dimension.total)];
    }
    const places = (own.valueCodes ?? ["*"]).flatMap((each) => [...chosen(codes, each)]);
    const once = [...new Set(places)].sort((a, b) => a - b);
    if (once.length === 0) throw unfit(`expected values of ${code} that the table has`);
    return once;
  });
  const cells = all.reduce((product, places) => product * places.length, 1);
  if (cells > MAX_CELLS)
    throw new Refusal("too-many-cells", `expected at most ${MAX_CELLS} cells; ${cells} were chosen`);
  return { places: all.slice(0, -1), contents: all.at(-1) ?? [] };
}

/** Every chosen figure, the last dimension fastest, then its contents. */
export function* chosenOf(
  cube: Cube,
  { places }: Selected,
): Generator<{ readonly places: readonly number[]; readonly figure: ReturnType<Cube["at"]> }> {
  const at = places.map(() => 0);
  const total = places.reduce((product, own) => product * own.length, 1);
  for (let count = 0; count < total; count++) {
    const chosenPlaces = at.map((place, dimension) => places[dimension]?.[place] ?? 0);
    yield { places: chosenPlaces, figure: cube.at(atPlaces(cube, chosenPlaces)) };
    for (let dimension = at.length - 1; dimension >= 0; dimension--) {
      at[dimension] = (at[dimension] ?? 0) + 1;
      if ((at[dimension] ?? 0) < (places[dimension]?.length ?? 0)) break;
      at[dimension] = 0;
    }
  }
}
