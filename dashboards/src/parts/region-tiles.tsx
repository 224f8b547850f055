/** The regions as tiles, each with how many indicators differ from the nation with certainty. */
import type { Overview } from "../../../publication/overview.ts";
import { Mark, toneOf } from "../charts/marks.tsx";
import { Tiles } from "../charts/tiles.tsx";
import { useSay } from "../language.ts";

const SAY = {
  sv: {
    missing: "svar saknas",
    better: "säkert bättre",
    worse: "säkert sämre",
    apart: "säkert annorlunda",
    nothing: "inget säkert",
  },
  en: {
    missing: "missing",
    better: "certainly better",
    worse: "certainly worse",
    apart: "certainly different",
    nothing: "nothing certain",
  },
};

export function certainOf(overview: Overview, region: string): Record<"b" | "w" | "d", number> {
  const own = overview.indicators.flatMap(({ regions }) =>
    regions.filter((each) => each.region === region && each.verdict !== null),
  );
  const count = (tone: string) => own.filter(({ verdict }) => toneOf(verdict) === tone).length;
  return { b: count("b"), w: count("w"), d: count("d") };
}

export function RegionTiles({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const tiles = overview.regions.map(({ code: region, name }) => {
    const counts = certainOf(overview, region);
    const some = counts.b + counts.w + counts.d > 0;
    const absent = !overview.indicators.some(({ regions }) =>
      regions.some((each) => each.region === region && each.value !== null),
    );
    const body = absent ? (
      say.missing
    ) : some ? (
      (["b", "w", "d"] as const).map((tone) =>
        counts[tone] === 0 ? null : (
          <span key={tone} class={`v v-${tone}`}>
            <svg width="11" height="11" viewBox="-8 -8 16 16" aria-hidden="true">
              <Mark tone={tone} />
            </svg>
            {counts[tone]}
            <span class="vh"> {tone === "b" ? say.better : tone === "w" ? say.worse : say.apart}</span>
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
