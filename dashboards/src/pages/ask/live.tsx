/** What the question means, while it is composed: words, price, and how exact the answer will be, as it will look. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { inWords, measureText } from "../../../../protocol/question/words.ts";
import type { Expected } from "../../../../protocol/release/expected-error.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import { useLabels } from "../../data.ts";
import { fraction, number, useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import { type Draft, type Priced, partFor, SIZES } from "./draft.ts";

const SAY = {
  sv: {
    label: "Vad frågan innebär",
    words: "Frågan i klartext",
    price: "Priset",
    of: "av vad varje region får lämna ut om varje period",
    cost: (rho: string, epsilon: string, delta: string) =>
      `ρ = ${rho} per period, ε = ${epsilon} (δ = ${delta}). Det som går åt är borta för alla, inte bara för dig.`,
    cells: (n: string) => `Svaret får ${n} celler.`,
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
    wrong: "Frågan kan inte ställas så här",
    points: "procentenheter",
    none: "Väntat fel kan inte anges för det måttet.",
  },
  en: {
    label: "What the question means",
    words: "The question in plain words",
    price: "The price",
    of: "of what each region may release about each period",
    cost: (rho: string, epsilon: string, delta: string) =>
      `ρ = ${rho} a period, ε = ${epsilon} (δ = ${delta}). What is spent is gone for everyone, not only for you.`,
    cells: (n: string) => `The answer will have ${n} cells.`,
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
    wrong: "The question cannot be asked like this",
    points: "percentage points",
    none: "No error can be said in advance for this measure.",
  },
};

/** A panel that is read out once its reader has rested, not at every touch. */
const REST_MS = 600;

function useRested<T>(value: T): T {
  const [rested, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

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

export function Live({
  found,
  draft,
  federation,
}: {
  readonly found: Priced | Refusal;
  readonly draft: Draft;
  readonly federation: Federation;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const [chosen, choose] = useState<string | null>(null);
  const [asked, want] = useState("");
  const [size, resize] = useState(String(SIZES[1]));
  const dataset = federation.datasets.get(draft.dataset)?.dataset;
  const words =
    found instanceof Refusal || dataset === undefined ? "" : inWords(found.query, dataset, language, labels);
  const spoken = useRested(words);
  if (found instanceof Refusal || dataset === undefined)
    return (
      <aside class="live" aria-label={say.label}>
        <section>
          <h2>{say.wrong}</h2>
          <p role="status" lang="en">
            {found instanceof Refusal ? found.message : ""}
          </p>
        </section>
      </aside>
    );
  const { plan, part, epsilon, cells, expected } = found;
  const measures = plan.measures.map(({ measure }) => measure);
  const measure = measures.find(({ id }) => id === chosen) ?? measures.at(-1) ?? measures[0];
  const own = (list: readonly Expected[] | null) =>
    (list ?? []).filter((each) => each.measure === measure?.id);
  const share = measure?.kind === "share";
  const write = (half: number) =>
    share
      ? `${number(100 * half, half < 0.02 ? 2 : 1, language)}`
      : number(half, half < 10 ? 1 : 0, language);
  const linesOf = (where: string, list: readonly Expected[] | null): SizeLine[] =>
    own(list).flatMap(({ halfWidth, persons }) =>
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
  const lines = [...linesOf(say.region, expected.region), ...linesOf(say.nation, expected.nation)];
  const widths = lines.map(({ half }) => half).toSorted((a, b) => a - b);
  const most = share
    ? Math.min(1, (widths[Math.floor(widths.length / 2)] ?? 0.1) * 2)
    : (widths[Math.floor(widths.length / 2)] ?? 1) * 2;
  const base = own(expected.region ?? expected.nation).find(
    ({ persons }) => persons === null || String(persons) === size,
  );
  const goals = measure?.kind === "count" || measure?.kind === "sum" ? COUNTS : POINTS;
  const wanted = goals.find((each) => each === asked) ?? goals[1] ?? "2";
  const goal = Number(wanted) / (share ? 100 : 1);
  const needs = base?.halfWidth == null ? null : partFor(found, base.halfWidth, goal);
  const percent = (value: number) => number(100 * value, value < 0.1 ? 1 : 0, language);
  return (
    <aside class="live" aria-label={say.label}>
      <section>
        <h2>{say.words}</h2>
        <p class="say q">{words}</p>
        <p class="vh" aria-live="polite">
          {spoken}
        </p>
      </section>
      <section>
        <h2>{say.price}</h2>
        <p class="price">
          <strong id="price">{percent(part)} %</strong> {say.of}
        </p>
        <p class="small quiet">
          {say.cost(fraction(draft.rho, language), number(epsilon, 2, language), plan.dataset.budget.delta)}{" "}
          {say.cells(number(cells, 0, language))}
        </p>
      </section>
      <section>
        <h2>{say.exact}</h2>
        {measures.length > 1 && (
          <Choice
            label={say.measure}
            value={measure?.id ?? ""}
            options={measures.map((each): [string, string] => [
              each.id,
              measureText(each, dataset, language),
            ])}
            onChange={choose}
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
      {needs !== null && (
        <section class="inv">
          <div class="inline">
            <Choice
              label={say.what}
              value={wanted}
              options={goals.map((each): [string, string] => [
                each,
                `±${each}${share ? ` ${say.points}` : ""}`,
              ])}
              onChange={want}
            />
            {base?.persons !== null && (
              <Choice
                label={say.within}
                value={size}
                options={SIZES.map((each): [string, string] => [
                  String(each),
                  say.persons(number(each, 0, language)),
                ])}
                onChange={resize}
              />
            )}
          </div>
          <p aria-live="polite">
            <strong>{needs > 1 ? say.tooMuch : say.needs(percent(needs), percent(part))}</strong>
          </p>
        </section>
      )}
    </aside>
  );
}
