/** The regions as tiles, each with how many indicators differ from the nation with certainty. */
import type { Verdict } from "../../../publication/intervals.ts";
import type { Overview } from "../../../publication/overview.ts";
import { MarkIcon, toneClass } from "../charts/marks.tsx";
import { Tiles } from "../charts/tiles.tsx";
import { useSay } from "../language.ts";

const SAY = {
  sv: {
    missing: "svar saknas",
    better: "säkert bättre",
    worse: "säkert sämre",
    differs: "säkert annorlunda",
    nothing: "inget säkert",
  },
  en: {
    missing: "missing",
    better: "certainly better",
    worse: "certainly worse",
    differs: "certainly different",
    nothing: "nothing certain",
  },
};

const CERTAIN = ["better", "worse", "differs"] as const;

export function certainOf(overview: Overview, region: string): Record<(typeof CERTAIN)[number], number> {
  const own = overview.indicators.flatMap(({ regions }) =>
    regions.filter((each) => each.region === region && each.verdict !== null),
  );
  const count = (of: Verdict) => own.filter(({ verdict }) => verdict === of).length;
  return { better: count("better"), worse: count("worse"), differs: count("differs") };
}

export function RegionTiles({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const tiles = overview.regions.map(({ code: region, name }) => {
    const counts = certainOf(overview, region);
    const some = counts.better + counts.worse + counts.differs > 0;
    const absent = !overview.indicators.some(({ regions }) =>
      regions.some((each) => each.region === region && each.value !== null),
    );
    const body = absent ? (
      say.missing
    ) : some ? (
      CERTAIN.map((tone) =>
        counts[tone] === 0 ? null : (
          <span key={tone} class={`v ${toneClass("v", tone)}`}>
            <MarkIcon tone={tone} />
            {counts[tone]}
            <span class="vh"> {say[tone]}</span>
          </span>
        ),
      )
    ) : (
      <span class="quiet">{say.nothing}</span>
    );
    return { region, name, class: absent ? "miss" : "", body };
  });
  return <Tiles tiles={tiles} to="region" idOf={(region) => region} />;
}
