/** How exact the answer will be, as it will look; and what it would take for it to be more so. */
import { useState } from "preact/hooks";
import type { Dataset } from "../../../../protocol/question/catalogue.ts";
import type { Measure } from "../../../../protocol/question/query.ts";
import { measureText } from "../../../../protocol/question/words.ts";
import type { Expected } from "../../../../protocol/release/expected-error.ts";
import type { Language } from "../../../../protocol/values/language.ts";
import { number, useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import { type Priced, partFor, SIZES } from "./draft.ts";

const SAY = {
  sv: {
    exact: "Så exakt blir svaret",
    exactHelp: (measure: string) =>
      `Väntat 95-procentsintervall för ${measure}. Värdet är okänt, därför ingen punkt.`,
    region: "i en region",
    nation: "i riket",
    persons: (n: string) => `${n} personer`,
    any: "vilken cell som helst",
    measure: "Mått",
    what: "Vad skulle krävas för",
    within: "i en cell med",
    needs: (part: string, now: string) => `${part} procent av budgeten, i stället för ${now}.`,
    tooMuch: "Mer än hela budgeten: så exakt kan det inte bli.",
    points: "procentenheter",
    none: "Väntat fel kan inte anges för det måttet.",
  },
  en: {
    exact: "How exact the answer will be",
    exactHelp: (measure: string) =>
      `The expected interval of 95 per cent for ${measure}. The value is not known, so there is no dot.`,
    region: "in a region",
    nation: "in the nation",
    persons: (n: string) => `${n} persons`,
    any: "any cell",
    measure: "Measure",
    what: "What would it take for",
    within: "in a cell with",
    needs: (part: string, now: string) => `${part} per cent of the budget, instead of ${now}.`,
    tooMuch: "More than the whole budget: it cannot be as exact.",
    points: "percentage points",
    none: "No error can be said in advance for this measure.",
  },
};

/** Half-widths one may wish for: of a share or a mean, and of a number of persons. */
const POINTS = ["1", "2", "5", "10"];
const COUNTS = ["5", "10", "25", "50", "100"];

type SizeLine = { readonly where: string; readonly size: string; readonly half: number };

/** An interval without a dot, on an axis of its own kind's widest. */
function Expectation({
  line,
  most,
  text,
}: {
  readonly line: SizeLine;
  readonly most: number;
  readonly text: string;
}) {
  const half = Math.min(50, (50 * line.half) / most);
  const dashed = line.half > most;
  return (
    <div class="er">
      <span>
        {line.where} <span class="quiet xs">{line.size}</span>
      </span>
      <svg class="iv" width="100%" height="18" aria-hidden="true">
        <line class="grid" x1="50%" x2="50%" y1="0" y2="18" />
        <line
          class={`${dashed ? "thin dash" : "thick"} i-none`}
          x1={`${50 - half}%`}
          x2={`${50 + half}%`}
          y1="9"
          y2="9"
        />
      </svg>
      <span class="pm">±{text}</span>
    </div>
  );
}

/** What is expected of the measure that is looked at. */
const ownOf = (list: readonly Expected[] | null, measure: Measure | undefined): Expected[] =>
  (list ?? []).filter((each) => each.measure === measure?.id);

function sizeLines(
  { region, nation }: Priced["expected"],
  measure: Measure | undefined,
  language: Language,
): SizeLine[] {
  const say = SAY[language];
  const linesOf = (where: string, list: readonly Expected[] | null): SizeLine[] =>
    ownOf(list, measure).flatMap(({ halfWidth, persons }) =>
      halfWidth === null
        ? []
        : [
            {
              where,
              size: persons === null ? say.any : say.persons(number(persons, 0, language)),
              half: halfWidth,
            },
          ],
    );
  return [...linesOf(say.region, region), ...linesOf(say.nation, nation)];
}

/** The half-width at which an axis ends: twice the middle one. */
function mostOf(lines: readonly SizeLine[], share: boolean): number {
  const widths = lines.map(({ half }) => half).toSorted((a, b) => a - b);
  const middle = widths[Math.floor(widths.length / 2)];
  return share ? Math.min(1, (middle ?? 0.1) * 2) : (middle ?? 1) * 2;
}

/** A part of the budget, in per cent. */
export const percent = (value: number, language: Language) =>
  number(100 * value, value < 0.1 ? 1 : 0, language);

export function Exactness({
  found: { plan, expected },
  dataset,
  measure,
  onMeasure,
}: {
  readonly found: Priced;
  readonly dataset: Dataset;
  readonly measure: Measure | undefined;
  readonly onMeasure: (id: string) => void;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const share = measure?.kind === "share";
  const lines = sizeLines(expected, measure, language);
  const most = mostOf(lines, share);
  const write = (half: number) =>
    share ? number(100 * half, half < 0.02 ? 2 : 1, language) : number(half, half < 10 ? 1 : 0, language);
  return (
    <section>
      <h2>{say.exact}</h2>
      {plan.measures.length > 1 && (
        <Choice
          label={say.measure}
          value={measure?.id ?? ""}
          options={plan.measures.map(({ measure: each }): [string, string] => [
            each.id,
            measureText(each, dataset, language),
          ])}
          onChange={onMeasure}
        />
      )}
      <p class="small quiet">
        {measure === undefined ? "" : say.exactHelp(measureText(measure, dataset, language).toLowerCase())}
      </p>
      {lines.length === 0 && <p>{say.none}</p>}
      {lines.map((line) => (
        <Expectation key={`${line.where} ${line.size}`} line={line} most={most} text={write(line.half)} />
      ))}
    </section>
  );
}

/** How exact one wishes an answer to be, and of how many persons. */
export function useWish() {
  const [half, want] = useState("");
  const [size, resize] = useState(String(SIZES[1]));
  return { half, want, size, resize };
}

/** What would have to be paid for what is wished for. */
export function Needed({
  found,
  measure,
  wish,
}: {
  readonly found: Priced;
  readonly measure: Measure | undefined;
  readonly wish: ReturnType<typeof useWish>;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { part, expected } = found;
  const share = measure?.kind === "share";
  const base = ownOf(expected.region ?? expected.nation, measure).find(
    ({ persons }) => persons === null || String(persons) === wish.size,
  );
  const goals = measure?.kind === "count" || measure?.kind === "sum" ? COUNTS : POINTS;
  const wanted = goals.find((each) => each === wish.half) ?? goals[1] ?? "2";
  if (base?.halfWidth == null) return null;
  const needs = partFor(found, base.halfWidth, Number(wanted) / (share ? 100 : 1));
  return (
    <section class="inv">
      <div class="inline">
        <Choice
          label={say.what}
          value={wanted}
          options={goals.map((each): [string, string] => [each, `±${each}${share ? ` ${say.points}` : ""}`])}
          onChange={wish.want}
        />
        {base.persons !== null && (
          <Choice
            label={say.within}
            value={wish.size}
            options={SIZES.map((each): [string, string] => [
              String(each),
              say.persons(number(each, 0, language)),
            ])}
            onChange={wish.resize}
          />
        )}
      </div>
      <p aria-live="polite">
        <strong>
          {needs > 1 ? say.tooMuch : say.needs(percent(needs, language), percent(part, language))}
        </strong>
      </p>
    </section>
  );
}
