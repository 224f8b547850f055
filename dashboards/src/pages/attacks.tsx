/** What somebody may try, what keeps it out, and the tests that show it, with the commit on which they last passed. */
import type { ShownAttacks } from "../../../publication/attacks.ts";
import { attacks, useLoaded } from "../data.ts";
import { moment, useLanguage, useSay } from "../language.ts";
import { Heading, Loaded, Section } from "../parts/shell.tsx";
import { ScrolledTable } from "../parts/table.tsx";

const SAY = {
  sv: {
    title: "Angrepp",
    lede: "Vad någon kan försöka, vad som håller det ute, och vilket prov som visar det. Varje prov körs vid varje ändring av programmet.",
    passed: (commit: string, when: string) => `Alla prov gick senast igenom ${when}, på ändringen ${commit}.`,
    none: "På vilken ändring proven senast gick igenom finns inte antecknat i den här installationen.",
    columns: ["Nr", "Angrepp", "Vem", "Vad som håller det ute", "Prov"],
    not: "Vad inget av detta visar",
    notText:
      "Att en region räknade rätt rader, eller drog sitt brus. Och att webbplatsen du läser det här på säger sanningen om sig själv: proven kan du köra själv.",
  },
  en: {
    title: "Attacks",
    lede: "What somebody may try, what keeps it out, and which test shows it. Every test is run at every change of the program.",
    passed: (commit: string, when: string) => `All tests last passed ${when}, on the change ${commit}.`,
    none: "On which change the tests last passed is not on record in this installation.",
    columns: ["No.", "Attack", "Who", "What keeps it out", "Test"],
    not: "What none of this shows",
    notText:
      "That a region counted the right rows, or drew its noise. And that the site on which you read this tells the truth of itself: the tests you can run yourself.",
  },
};

function Table({ rows, passed }: ShownAttacks) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <>
      <p>
        {passed === null
          ? say.none
          : say.passed(passed.commit.slice(0, 12), moment(Date.parse(passed.time), language))}
      </p>
      <ScrolledTable columns={say.columns}>
        {rows.map(({ number, attack, attacker, keeps, tests }) => (
          <tr key={number}>
            <td>{number}</td>
            <td>{attack[language]}</td>
            <td>{attacker[language]}</td>
            <td>{keeps[language]}</td>
            <td>
              {tests.map(({ file, name }) => (
                <p key={name} lang="en">
                  <code>{file}</code> {name}
                </p>
              ))}
            </td>
          </tr>
        ))}
      </ScrolledTable>
    </>
  );
}

export function page() {
  const say = useSay(SAY);
  const loaded = useLoaded("attacks", attacks);
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Loaded of={loaded}>{(shown) => <Table {...shown} />}</Loaded>
      <Section title={say.not}>
        <p>{say.notText}</p>
      </Section>
    </>
  );
}
