/** A page of many figures as a file, and how to cite it. */
import { useState } from "preact/hooks";
import { NATION } from "../../../protocol/values/codes.ts";
import type { Overview, OverviewIndicator } from "../../../publication/overview.ts";
import { csvText } from "../charts/csv.ts";
import { download } from "../charts/save.ts";
import { day, useLanguage, useSay } from "../language.ts";

const SAY = {
  sv: {
    csv: "CSV",
    json: "JSON",
    cite: "Kopiera källhänvisning",
    copied: "Kopierad",
    of: "utgåvor till och med",
  },
  en: { csv: "CSV", json: "JSON", cite: "Copy the citation", copied: "Copied", of: "releases up to" },
};

/** Every figure of the latest periods that a page shows, a row each; of one region, or of all and the nation. */
function csvOf(
  indicators: readonly OverviewIndicator[],
  region: string | null,
  language: "sv" | "en",
): string {
  const rows = indicators.flatMap((of) => {
    const period = of.periods.at(-1) ?? "";
    const last = of.nation.at(-1);
    const nation = last == null ? [] : [[NATION, ...last, "", ""]];
    const own = of.regions
      .filter((each) => region === null || each.region === region)
      .map((each) => [each.region, each.value, each.low, each.high, each.flag, each.verdict]);
    return [...(region === null ? nation : []), ...own].map((cells) => [
      of.id,
      of.name[language],
      period,
      ...cells,
    ]);
  });
  return csvText(["indicator", "name", "period", "region", "value", "low", "high", "flag", "verdict"], rows);
}

export function ViewFoot({
  overview,
  indicators,
  title,
  region = null,
}: {
  readonly overview: Overview;
  readonly indicators: readonly OverviewIndicator[];
  readonly title: string;
  readonly region?: string | null;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [copied, set] = useState(false);
  const when = overview.madeAt === null ? "–" : day(overview.madeAt, language);
  const citation = `Brus. ${title}, ${say.of} ${when}. ${overview.version}. ${location.href}`;
  return (
    <p class="figfoot small">
      <button
        type="button"
        onClick={() =>
          download("brus.csv", new Blob([csvOf(indicators, region, language)], { type: "text/csv" }))
        }
      >
        {say.csv}
      </button>
      <a href="/pages/overview.json" download>
        {say.json}
      </a>
      <button
        type="button"
        onClick={() => void navigator.clipboard.writeText(citation).then(() => set(true))}
      >
        {say.cite}
      </button>
      <span role="status">{copied ? say.copied : ""}</span>
    </p>
  );
}
