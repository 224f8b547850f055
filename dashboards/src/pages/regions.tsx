/** Every region, as tiles and as a list. */

import { useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { certainOf, RegionTiles } from "../parts/region-tiles.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import { Link } from "../router.tsx";

const SAY = {
  sv: {
    title: "Regioner",
    lede: "Varje regions uppgifter stannar där. Regionen svarar med brus. Antalen är indikatorer som säkert skiljer sig från riket; få i en liten region betyder att bruset är stort, inte att allt är bra.",
    map: "Karta",
    list: "Lista",
    better: "säkert bättre",
    worse: "säkert sämre",
    other: "säkert annorlunda",
    none: "inget säkert",
  },
  en: {
    title: "Regions",
    lede: "Each region keeps its own journal at home and answers with noise. The numbers are of indicators that differ from the nation with certainty; few in a small region means that the noise is large, not that all is well.",
    map: "Map",
    list: "List",
    better: "certainly better",
    worse: "certainly worse",
    other: "certainly different",
    none: "nothing certain",
  },
};

export function page({ overview }: PageProps) {
  const say = useSay(SAY);
  const language = useLanguage();
  const ordered = overview.regions.toSorted((a, b) => a.name.localeCompare(b.name, language));
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Section title={say.map}>
        <RegionTiles overview={overview} />
      </Section>
      <Section title={say.list}>
        <ul class="list">
          {ordered.map(({ code, name }) => {
            const counts = certainOf(overview, code);
            const said = [
              [counts.better, say.better],
              [counts.worse, say.worse],
              [counts.differs, say.other],
            ].flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`]));
            return (
              <li key={code}>
                <Link to="region" id={code}>
                  {name}
                </Link>
                <span class="quiet">{said.length === 0 ? say.none : said.join(", ")}</span>
              </li>
            );
          })}
        </ul>
      </Section>
    </>
  );
}
