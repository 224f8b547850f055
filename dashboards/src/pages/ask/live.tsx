/** What the question means, while it is composed: words, price, and how exact the answer will be. */
import { useEffect, useState } from "preact/hooks";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { inWords } from "../../../../protocol/question/words.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import { useLabels } from "../../data.ts";
import { fraction, number, useLanguage, useSay } from "../../language.ts";
import type { Draft, Priced } from "./draft.ts";
import { Exactness, Needed, percent, useWish } from "./exactness.tsx";

const SAY = {
  sv: {
    label: "Vad frågan innebär",
    words: "Frågan i klartext",
    price: "Priset",
    of: "av vad varje region får lämna ut om varje period",
    cost: (rho: string, epsilon: string, delta: string) =>
      `ρ = ${rho} per period, ε = ${epsilon} (δ = ${delta}). Det som går åt är borta för alla, inte bara för dig.`,
    cells: (n: string) => `Svaret får ${n} celler.`,
    wrong: "Frågan kan inte ställas så här",
  },
  en: {
    label: "What the question means",
    words: "The question in plain words",
    price: "The price",
    of: "of what each region may release about each period",
    cost: (rho: string, epsilon: string, delta: string) =>
      `ρ = ${rho} a period, ε = ${epsilon} (δ = ${delta}). What is spent is gone for everyone, not only for you.`,
    cells: (n: string) => `The answer will have ${n} cells.`,
    wrong: "The question cannot be asked like this",
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

function Price({ found: { plan, part, rho, epsilon, cells } }: { readonly found: Priced }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <section>
      <h2>{say.price}</h2>
      <p class="price">
        <strong id="price">{percent(part, language)} %</strong> {say.of}
      </p>
      <p class="small quiet">
        {say.cost(fraction(rho, language), number(epsilon, 2, language), plan.dataset.budget.delta)}{" "}
        {say.cells(number(cells, 0, language))}
      </p>
    </section>
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
  const wish = useWish();
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
  const measures = found.plan.measures.map(({ measure }) => measure);
  const measure = measures.find(({ id }) => id === chosen) ?? measures.at(-1);
  return (
    <aside class="live" aria-label={say.label}>
      <section>
        <h2>{say.words}</h2>
        <p class="say q">{words}</p>
        <p class="vh" aria-live="polite">
          {spoken}
        </p>
      </section>
      <Price found={found} />
      <Exactness found={found} dataset={dataset} measure={measure} onMeasure={choose} />
      <Needed found={found} measure={measure} wish={wish} />
    </aside>
  );
}
