/** What the figure is: definition, source, method; and how to cite exactly what is shown. */
import { useState } from "preact/hooks";
import { day, fraction, listed, number, period, unitOf, upper, useLanguage, useSay } from "../../language.ts";
import { Section } from "../../parts/shell.tsx";
import { Link } from "../../router.tsx";
import type { Part } from "./part.ts";

const SAY = {
  sv: {
    title: "Vad siffran är",
    measure: "Mått",
    unit: "Enhet",
    source: "Källa",
    sourceText: (dataset: string) =>
      `${dataset}, i varje region för sig. Inga uppgifter om enskilda lämnar regionen.`,
    noise: "Brus",
    regions: "Varje region lägger till ett slumptal med känd storlek innan den svarar.",
    national:
      "Regionerna lägger till var sin del av ett slumptal med känd storlek, och summan öppnas utan att någon ser en enskild regions del.",
    both: "Varje region lägger till ett slumptal med känd storlek innan den svarar; rikets värde vägs samman med en gemensam summa bakom masker.",
    cost: (rho: string, budget: string, epsilon: string, delta: string) =>
      `ρ = ${rho} per period, av ${budget} (ε = ${epsilon}, δ = ${delta}).`,
    missing: "Saknas",
    late: "svarade inte i tid",
    undelivered: "har inte lämnat perioden",
    declined: "avböjde",
    answered: "Alla regioner svarade.",
    not: "Intervallet visar inte",
    notText: "Vilka som inte för journal, och om de hade svarat annorlunda.",
    wanted: "Efterfrågas i",
    official: "Närmast i officiell statistik",
    parts:
      "Delarna går ihop i den här utgåvan. Från andra utgåvor kan de skilja, eftersom bruset är nytt. Ett visat heltal är avrundat; räkna på värdena i filen.",
    reading: "Så läser du",
    cite: "Citera",
    copy: "Kopiera",
    copied: "Kopierat",
    published: "publicerad",
    release: "Utgåva",
    log: "Se utgåvan i loggen",
  },
  en: {
    title: "What the figure is",
    measure: "Measure",
    unit: "Unit",
    source: "Source",
    sourceText: (dataset: string) =>
      `${dataset}, in each region by itself. Nothing of individuals leaves a region.`,
    noise: "Noise",
    regions: "Each region adds a random number of known size before it answers.",
    national:
      "The regions each add a part of a random number of known size, and the sum is opened without anyone seeing a region's part.",
    both: "Each region adds a random number of known size before it answers; the nation's value is weighed together with a joint sum behind masks.",
    cost: (rho: string, budget: string, epsilon: string, delta: string) =>
      `ρ = ${rho} a period, of ${budget} (ε = ${epsilon}, δ = ${delta}).`,
    missing: "Missing",
    late: "did not answer in time",
    undelivered: "has not delivered the period",
    declined: "declined",
    answered: "All regions answered.",
    not: "What the interval does not show",
    notText: "Who keeps no journal, and whether they would have answered otherwise.",
    wanted: "Asked for in",
    official: "Closest in official statistics",
    parts:
      "Parts add up within this release. Across releases they may differ: the noise is new. Shown whole numbers are rounded; calculate from the file.",
    reading: "How to read",
    cite: "Cite",
    copy: "Copy",
    copied: "Copied",
    published: "published",
    release: "Release",
    log: "See the release in the log",
  },
};

export function About({ view, chosen, names, title }: Part) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [copied, set] = useState(false);
  const { indicator, releases, epsilon } = view;
  const release = releases.find((each) => each.period === chosen.period) ?? releases.at(-1);
  if (release === undefined) return null;
  const missing = release.missing.map(({ region, why }) => `${names(region)} (${say[why]})`);
  const citation = `Brus. ${title}, ${period(chosen.period, language)}. ${say.release} ${release.release.slice(7, 23)}, ${say.published} ${day(release.madeAt, language)}. ${release.release}. ${location.href}`;
  const rows: Array<[string, string]> = [
    [say.measure, indicator.definition[language]],
    [say.unit, upper(unitOf(indicator, language))],
    [say.source, say.sourceText(view.dataset[language])],
    [
      say.noise,
      `${say[view.kind]} ${say.cost(fraction(release.charge, language), fraction(release.budget, language), number(epsilon, 2, language), String(view.delta))}`,
    ],
    [say.missing, missing.length === 0 ? say.answered : `${upper(listed(missing, language))}.`],
    [say.not, say.notText],
    [say.reading, say.parts],
    ...(indicator.official === null ? [] : [[say.official, indicator.official] as [string, string]]),
    [say.wanted, indicator.sources],
  ];
  // As the sources themselves say it.
  const swedish = new Set([say.official, say.wanted]);
  return (
    <Section title={say.title} id="about">
      <dl class="def">
        {rows.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd lang={swedish.has(name) && language !== "sv" ? "sv" : undefined}>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="small">
        <Link to="log" query={{ release: release.release }}>
          {say.log}
        </Link>
      </p>
      <div class="cite">
        <h3>{say.cite}</h3>
        <p class="mono">{citation}</p>
        <button
          class="btn plain"
          type="button"
          onClick={() => void navigator.clipboard.writeText(citation).then(() => set(true))}
        >
          {copied ? say.copied : say.copy}
        </button>
      </div>
    </Section>
  );
}
