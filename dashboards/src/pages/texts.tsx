/** Pages that are words: about the statistics, open data, accessibility. */
import type { ComponentChildren } from "preact";
import { day, useLanguage } from "../language.ts";
import type { PageProps } from "../page.ts";
import { Heading } from "../parts/shell.tsx";
import { Heads } from "../parts/table.tsx";
import { Link } from "../router.tsx";

const Words = ({
  title,
  lede,
  children,
}: {
  readonly title: string;
  readonly lede: string;
  readonly children: ComponentChildren;
}) => (
  <>
    <Heading title={title}>
      <p>{lede}</p>
    </Heading>
    <div class="prose">{children}</div>
  </>
);

function About({ overview }: PageProps) {
  const language = useLanguage();
  const when = overview.madeAt === null ? "–" : day(overview.madeAt, language);
  if (language === "sv")
    return (
      <Words title="Om statistiken" lede="Vem som gör den, av vad, och vad den inte kan säga.">
        <h2>Vad den bygger på</h2>
        <p>
          Varje region för sin egen journal över patienters upplevelser av vård, och register över kontakter,
          väntan och planer. Uppgifterna stannar i regionen. Ut går bara godkända svar, med brus. Senaste
          utgåva: {when}.
        </p>
        <h2>Vem som får fråga</h2>
        <p>
          Frågor ställs av dem som står i förteckningen, godkänns av minst två personer som inte ställde dem,
          och besvaras av varje region enligt dess egna regler.
        </p>
        <h2>Vad den inte kan säga</h2>
        <p>
          Intervallen visar bruset. De säger inget om vilka som för journal, om frågor som missförstås, eller
          om orsaker. Vi rangordnar aldrig inom bruset.
        </p>
        <h2>Inga kakor, ingen spårning</h2>
        <p>
          Sidorna hämtar inget från någon annan, sätter inga kakor och räknar inga besökare. Vilket färgläge
          du valt sparas i din egen webbläsare.
        </p>
      </Words>
    );
  return (
    <Words title="About the statistics" lede="Who makes it, of what, and what it cannot say.">
      <h2>What it rests on</h2>
      <p>
        Each region keeps its own journal of patients' experiences of care, and registers of contacts, waiting
        and plans. The records stay in the region. Only approved answers leave it, with noise. Latest release:{" "}
        {when}.
      </p>
      <h2>Who may ask</h2>
      <p>
        Questions are asked by those in the directory, approved by at least two persons who did not ask them,
        and answered by each region by its own rules.
      </p>
      <h2>What it cannot say</h2>
      <p>
        Intervals show the noise. They say nothing of who keeps a journal, of questions that are misread, or
        of causes. We never rank within noise.
      </p>
      <h2>No cookies, no tracking</h2>
      <p>
        The pages fetch nothing from anyone else, set no cookies and count no visitors. Which colours you
        chose is kept in your own browser.
      </p>
    </Words>
  );
}

function Data(_: PageProps) {
  const language = useLanguage();
  const sv = language === "sv";
  const rows: Array<[string, string, string]> = [
    [
      "/api/v2",
      sv
        ? "PxWebApi 2: tabeller, urval, JSON-stat 2, CSV, PX, Excel, Parquet"
        : "PxWebApi 2: tables, selections, JSON-stat 2, CSV, PX, Excel, Parquet",
      "/api/v2/tables",
    ],
    [
      `/data/${language}/`,
      sv ? "Hela tabeller som filer, med CSVW bredvid" : "Whole tables as files, with CSVW beside",
      `/data/${language}/taken-seriously.by-year.age_group.csv`,
    ],
    [
      "/api/comparisons",
      sv ? "Det som får sägas om regioner bredvid varandra" : "What may be said of regions beside each other",
      "/api/comparisons/taken-seriously.by-year.age_group",
    ],
    ["/kolada/v3", sv ? "Koladas form" : "Kolada's shape", "/kolada/v3/kpi"],
    ["/dcat", "DCAT-AP-SE 3", "/dcat"],
    ["/log/checkpoint", sv ? "Loggen, i C2SP:s format" : "The log, in C2SP's formats", "/log/checkpoint"],
    ["/openapi.json", "OpenAPI", "/openapi.json"],
  ];
  return (
    <Words
      title={sv ? "Öppna data och API" : "Open data and API"}
      lede={
        sv
          ? "Allt som visas här finns också som data, fritt att använda. Varje total är en egen siffra: brusiga tal får inte adderas."
          : "All that is shown here is data as well, free to use. Every total is a figure of its own: noisy figures may not be added up."
      }
    >
      <table>
        <Heads columns={sv ? ["Adress", "Vad"] : ["Address", "What"]} />
        <tbody>
          {rows.map(([name, what, href]) => (
            <tr key={name}>
              <th scope="row">
                <a href={href} class="mono nb">
                  {name}
                </a>
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Words>
  );
}

/** Since when the statement of accessibility holds. */
const STATED = "2026-11-27";

function AccessibilityInSwedish() {
  return (
    <Words
      title="Tillgänglighet"
      lede="Så är webbplatsen gjord för att kunna användas av alla, och så säger du till när den inte går att använda."
    >
      <p>
        Webbplatsen ska uppfylla lagen om tillgänglighet till digital offentlig service, EN 301 549 och WCAG
        2.1 nivå AA. Redogörelsen gäller från {day(STATED, "sv")}.
      </p>
      <h2>Hur den är prövad</h2>
      <p>
        Varje sida prövas automatiskt med axe vid varje ändring, i båda språken, ljust och mörkt, och hela
        vägar går att gå med enbart tangentbord. Den har inte prövats av utomstående.
      </p>
      <h2>Hur diagrammen är gjorda</h2>
      <p>
        Prickdiagram är tabeller. Diagram över tid går att gå igenom med piltangenterna och har en tabell
        bredvid. Färg säger aldrig något ensam: varje utfall har form och ord.
      </p>
      <h2>Det som inte är helt tillgängligt</h2>
      <p>
        Tratten kan inte gås igenom punkt för punkt; samma uppgifter finns i tabellen under den. Nedladdade
        bilder saknar textbeskrivning utöver rubriken. Filer i PX-format kräver särskilda program.
      </p>
      <h2>Säg till</h2>
      <p>
        Något som inte går att använda? Skriv till <a href="mailto:kontakt@example.se">kontakt@example.se</a>.
        Vi svarar inom två veckor. Är du inte nöjd kan du anmäla till Myndigheten för digital förvaltning.
      </p>
    </Words>
  );
}

function AccessibilityInEnglish() {
  return (
    <Words
      title="Accessibility"
      lede="How the site is made so that everyone can use it, and how to tell us when it cannot be used."
    >
      <p>
        The site is to meet the Swedish law on accessibility of digital public services, EN 301 549 and WCAG
        2.1 level AA. This statement is of {day(STATED, "en")}.
      </p>
      <h2>How it was tested</h2>
      <p>
        Every page is tested with axe at every change, in both languages, light and dark, and whole paths can
        be walked by keyboard alone. It was not tested by outsiders.
      </p>
      <h2>How charts are made</h2>
      <p>
        Dot charts are tables. Charts over time can be walked with the arrow keys and have a table beside.
        Colour never speaks alone: every verdict has a shape and a word.
      </p>
      <h2>What is not wholly accessible</h2>
      <p>
        The funnel cannot be walked point by point; the same figures are in the table below it. Downloaded
        pictures have no description but their title. PX files need programs of their own.
      </p>
      <h2>Tell us</h2>
      <p>
        Something that cannot be used? Write to <a href="mailto:kontakt@example.se">kontakt@example.se</a>. We
        answer within two weeks. If you are not content you can report to the Swedish Agency for Digital
        Government.
      </p>
      <p>
        <Link to="how">How Brus works</Link>
      </p>
    </Words>
  );
}

const Accessibility = (_: PageProps) =>
  useLanguage() === "sv" ? <AccessibilityInSwedish /> : <AccessibilityInEnglish />;

export const pages = { about: About, data: Data, accessibility: Accessibility };
