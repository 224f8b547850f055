/** Noise explained: the reader moves a slider and watches a made-up person disappear in it. */
import { useState } from "preact/hooks";
import { below } from "../../../protocol/privacy/normal.ts";
import { number, useLanguage, useSay } from "../language.ts";
import type { PageProps } from "../page.ts";
import { Definitions } from "../parts/definitions.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import { Year } from "../parts/year.tsx";
import { Link } from "../router.tsx";

const SAY = {
  sv: {
    title: "Så fungerar brus",
    lede: "Brus är ett slumptal med känd storlek som läggs till varje svar innan det lämnar en region. Det är litet för en hel region men stort för en enda människa.",
    try: "Pröva själv",
    tryHelp:
      "Två påhittade regioner är likadana, utom att Elsa finns med i den ena. Kurvorna visar vilka svar som kan komma. Dra i reglaget och se om du kan avgöra vilken region svaret kom från.",
    slider: "Brusets storlek",
    value: (text: string) => `brus på omkring ±${text} personer`,
    less: "mindre brus",
    more: "mer brus",
    with: "Med Elsa: 142 personer",
    without: "Utan Elsa: 141 personer",
    chart: (shared: string) => `Två kurvor över möjliga svar. De överlappar till ${shared} procent.`,
    guess: (text: string) =>
      `Den som ser svaret och gissar om Elsa är med får rätt ${text} gånger av 100. Den som bara singlar slant får rätt 50.`,
    exact: (text: string) => `Samtidigt vet man antalet på ±${text} personer när.`,
    hidden: "Elsa går inte att se.",
    guessed: "Elsa kan anas.",
    seen: "Elsa syns nästan. Hit kan man komma när allt som sägs om henne under ett år läggs samman.",
    rules: "Fyra regler",
    r1: "Varje människa väger ett.",
    r1t: "Den som skrivit tjugo inlägg räknas lika mycket som den som skrivit ett, och kan inte påverka något tal mer än en människas mått.",
    r2: "Varje svar kostar.",
    r2t: "Varje fråga tar av en budget som bara går ned. När den är slut svarar regionen inte mer om den perioden, vem som än frågar. Varje svar tas också av ett konto för hela året, över alla datamängder.",
    r3: "Säkert är större än bruset.",
    r3t: "Vi säger att något skiljer sig bara när hela intervallet går fri från noll, också när många jämförs på en gång.",
    r4: "Allt kan räknas om.",
    r4t: "Varje fråga, godkännande, svar och utgåva står i en logg som ingen kan skriva om. Sigillet bredvid en siffra låter din webbläsare räkna om den.",
    not: "Vad bruset inte skyddar mot",
    notText:
      "Bruset säger inget om vilka som valde att föra journal, och det döljer inte vad en hel grupp har gemensamt. Det skyddar den enskilde, inte gruppen.",
    leave: "Att inte räknas",
    leaveText:
      "Den som inte vill räknas kan säga det till sin region. Från nästa fråga räknas den personen inte i något svar. Regionen kan också radera allt som noden har om personen, så att bara ett nycklat märke finns kvar, som håller personen ute. Det som redan är publicerat står kvar: där syns ingen enskild, och ingen kan ta tillbaka ett tal som andra har. Hur många som har valt detta får ingen utanför regionen veta.",
    marks: "Tecknen",
    unsure: "Streckad linje och streckad ring: osäkert värde, medelfelet är över 30 procent av värdet.",
    withheld: "Två punkter (..) och skraffering: kan inte anges, bruset är större än värdet.",
    missing:
      "Tankstreck (–) och prickad linje: svar saknas: regionen svarade inte i tid, avböjde, eller har inte lämnat perioden.",
    open: "Ofyllt tecken: ingen säker skillnad.",
    seal: "Se hur ett sigill prövas i loggen",
    attacks: "Se vilka angrepp som är prövade, och vad som håller dem ute",
  },
  en: {
    title: "How Brus works",
    lede: "Brus, Swedish for noise, is a random number of known size that is added to every answer before it leaves a region. It is small for a whole region and large for a single person.",
    try: "Try it",
    tryHelp:
      "Two made-up regions are the same, except that Elsa is in one of them. The curves show which answers may come. Move the slider and see whether you can tell which region the answer came from.",
    slider: "The size of the noise",
    value: (text: string) => `noise of about ±${text} persons`,
    less: "less noise",
    more: "more noise",
    with: "With Elsa: 142 persons",
    without: "Without Elsa: 141 persons",
    chart: (shared: string) => `Two curves of possible answers. They overlap by ${shared} per cent.`,
    guess: (text: string) =>
      `Whoever sees the answer and guesses whether Elsa is in it is right ${text} times in 100. Whoever tosses a coin is right 50.`,
    exact: (text: string) => `Meanwhile the number is known to within ±${text} persons.`,
    hidden: "Elsa cannot be seen.",
    guessed: "Elsa can be guessed at.",
    seen: "Elsa can almost be seen. All that is said of her in a year may, taken together, come to this.",
    rules: "Four rules",
    r1: "Every person weighs one.",
    r1t: "Someone who wrote twenty entries counts as much as who wrote one, and can move no figure by more than one person's measure.",
    r2: "Every answer costs.",
    r2t: "Every question draws on a budget that only goes down. When it is spent the region answers no more about that period, whoever asks. Every answer is also taken from one account for the whole year, over all datasets.",
    r3: "Certain is larger than the noise.",
    r3t: "We say that something differs only when the whole interval is clear of zero, also when many are compared at once.",
    r4: "Everything can be recomputed.",
    r4t: "Every question, approval, answer and release stands in a log that nobody can rewrite. The seal beside a figure lets your browser recompute it.",
    not: "What noise does not protect against",
    notText:
      "The noise says nothing of who chose to keep a journal, and it does not hide what a whole group has in common. It protects the person, not the group.",
    leave: "Not to be counted",
    leaveText:
      "Whoever does not want to be counted can say so to their region. From the next question on no answer counts that person. The region can also delete all that its node holds of the person but a keyed mark, which keeps them out. What is published already stands: no single person can be seen in it, and nobody can take back a figure that others have. How many have chosen this nobody outside the region is told.",
    marks: "The marks",
    unsure:
      "A dashed line and a dashed ring: unreliable, the standard error exceeds 30 per cent of the value.",
    withheld: "Two dots (..) and hatching: cannot be given, the noise exceeds the value.",
    missing:
      "A dash (–) and a dotted line: missing: the region did not answer in time, declined, or has not delivered the period.",
    open: "An open mark: no certain difference.",
    seal: "See how a seal is checked, in the log",
    attacks: "See which attacks are tried, and what keeps them out",
  },
};

/** Standard deviations the slider goes through, in persons. */
const SIZES = [0.3, 0.5, 0.8, 1.5, 3, 5, 8, 13, 20] as const;

const [WIDTH, HEIGHT] = [640, 190];

function Curves({ size, label }: { readonly size: number; readonly label: string }) {
  const span = Math.max(4, 3.2 * size);
  const x = (value: number) => (WIDTH * (value - (141.5 - span))) / (2 * span);
  const curve = (centre: number) =>
    Array.from({ length: 121 }, (_, at) => {
      const value = 141.5 - span + (2 * span * at) / 120;
      const height = Math.exp(-(((value - centre) / size) ** 2) / 2);
      return `${x(value).toFixed(1)} ${(HEIGHT - 24 - height * (HEIGHT - 50)).toFixed(1)}`;
    }).join("L");
  const base = HEIGHT - 24;
  return (
    <svg class="spark iv" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      {[141, 142].map((centre) => (
        <g key={centre}>
          <path
            class={centre === 141 ? "band-other" : "band-better"}
            d={`M0 ${base}L${curve(centre)}L${WIDTH} ${base}Z`}
          />
          <path class={`ln ${centre === 141 ? "ln-other" : "ln-better"}`} d={`M${curve(centre)}`} />
          <text
            class={centre === 141 ? "lab" : "lab-b"}
            x={x(centre)}
            y={HEIGHT - 6}
            text-anchor={centre === 141 ? "end" : "start"}
          >
            {centre}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** The slider, the two curves it moves, and how often whoever guesses is right. */
function Try() {
  const say = useSay(SAY);
  const language = useLanguage();
  const [at, set] = useState(2);
  const size = SIZES[at] ?? 1;
  // Two normal curves one person apart: best guesses are right as often as a half plus half their distance.
  const right = below(1 / (2 * size));
  const shared = 2 * (1 - right);
  const half = number(1.96 * size, size < 3 ? 1 : 0, language);
  const guess = say.guess(number(100 * right, 0, language));
  return (
    <Section title={say.try} help={<p>{say.tryHelp}</p>}>
      <figure>
        <figcaption class="key">
          <span>▬ {say.without}</span>
          <span class="v v-better">▬ {say.with}</span>
        </figcaption>
        <Curves size={size} label={say.chart(number(100 * shared, 0, language))} />
      </figure>
      <label class="f" for="noise">
        {say.slider}: {say.value(half)}
      </label>
      <input
        id="noise"
        type="range"
        min={0}
        max={SIZES.length - 1}
        step={1}
        value={at}
        aria-valuetext={`${say.value(half)}. ${guess}`}
        onInput={(event) => set(Number(event.currentTarget.value))}
      />
      <p class="small quiet ends">
        <span>{say.less}</span>
        <span>{say.more}</span>
      </p>
      <p aria-live="polite">
        <strong>{right > 0.65 ? say.seen : right > 0.55 ? say.guessed : say.hidden}</strong> {guess}{" "}
        {say.exact(half)}
      </p>
    </Section>
  );
}

export function page({ overview }: PageProps) {
  const say = useSay(SAY);
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Try />
      <Section title={say.rules}>
        <Definitions
          rows={[
            [say.r1, say.r1t],
            [say.r2, say.r2t],
            [say.r3, say.r3t],
            [say.r4, say.r4t],
          ]}
        />
        <p class="small">
          <Link to="log">{say.seal}</Link>
        </p>
        <p>
          <Link to="attacks">{say.attacks}</Link>
        </p>
      </Section>
      <Year of={overview.year} />
      <Section title={say.marks}>
        <div class="prose">
          <ul>
            <li>{say.open}</li>
            <li>{say.unsure}</li>
            <li>{say.withheld}</li>
            <li>{say.missing}</li>
          </ul>
        </div>
      </Section>
      <Section title={say.not}>
        <p class="notice">{say.notText}</p>
      </Section>
      <Section title={say.leave}>
        <p>{say.leaveText}</p>
      </Section>
    </>
  );
}
