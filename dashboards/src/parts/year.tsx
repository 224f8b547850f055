/** What all that is said in a year comes to for one person: the most that may be, and what is published. */
import type { Overview } from "../../../publication/overview.ts";
import { meaningText, twiceText } from "../../../publication/year-words.ts";
import { useLoaded, years } from "../data.ts";
import { useLanguage, useSay } from "../language.ts";
import { Section } from "./shell.tsx";

const SAY = {
  sv: {
    title: "Ett helt år",
    help: "Varje svar säger lite om den som är med. Här står vad allt tillsammans säger under ett år.",
    own: (year: string) =>
      `Allt som regionen har svarat om en människas ${year}, om hon finns i alla register:`,
    ceiling: "Högst, för en människa i en region under ett år, allt som någon frågar inräknat:",
    told: (year: string) => `Det som är publicerat om ${year}, för den som finns i alla register:`,
  },
  en: {
    title: "A whole year",
    help: "Every answer says a little of those who are in it. Here stands what all of it says in a year.",
    own: (year: string) =>
      `All that the region has answered of one person's ${year}, if they are in every register:`,
    ceiling: "At most, of one person in a region in a year, all that anybody asks included:",
    told: (year: string) => `What is published about ${year}, for someone who is in every register:`,
  },
};

/** What one region has said of a person's latest year, all questions included, and the most that it may. */
export function RegionYear({ of, region }: { readonly of: Overview["year"]; readonly region: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const loaded = useLoaded("years", years);
  const [last] =
    (loaded.state === "ready" ? loaded.value.find((each) => each.region === region)?.years : undefined) ?? [];
  return (
    <>
      {last !== undefined && (
        <p>
          <strong>{say.own(last.year)}</strong> {meaningText(last, language)}
        </p>
      )}
      <p>
        <strong>{say.ceiling}</strong> {meaningText(of.ceiling, language)} {twiceText(language)}
      </p>
    </>
  );
}

export function Year({ of: { ceiling, told } }: { readonly of: Overview["year"] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section title={say.title} help={<p>{say.help}</p>}>
      <div class="prose">
        {told !== null && (
          <p>
            <strong>{say.told(told.year)}</strong> {meaningText(told, language)}
          </p>
        )}
        <p>
          <strong>{say.ceiling}</strong> {meaningText(ceiling, language)}
        </p>
        <p>{twiceText(language)}</p>
      </div>
    </Section>
  );
}
