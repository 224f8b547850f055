/** To ask: choose on the left; plain words, price and expected intervals on the right, live; then it goes to be signed. */
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import { type Ledgers, ledgersIn } from "../../../../protocol/wire/budgets.ts";
import { useLoaded } from "../../data.ts";
import { useSay } from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { Heading, Loaded, Section } from "../../parts/shell.tsx";
import { client, federation as loadFederation } from "../../proof/federation.ts";
import { Link } from "../../router.tsx";
import { Question } from "../question/question.tsx";
import { Remaining } from "./budget-left.tsx";
import { type Composed, closedPeriods, type Draft, PRICES, type Priced, priced, rhoOf } from "./draft.ts";
import { Compose } from "./form.tsx";
import { HandOver } from "./hand-over.tsx";
import { Live } from "./live.tsx";
import { Similar } from "./similar.tsx";

const SAY = {
  sv: {
    crumb: "Forskare",
    title: "Ställ en fråga till regionerna",
    lede: "Du väljer, vi räknar ut priset innan något svaras. Inga uppgifter rörs förrän frågan är signerad, godkänd och synlig i loggen.",
    left: "Kvar i regionerna",
    leftHelp:
      "Av det konto där minst är kvar när din fråga är betald: datamängdens i en period, eller årets över alla datamängder. Det svarta är din fråga.",
    similar: "Liknande frågor",
    similarHelp: "Ett svar som redan finns kostar ingenting.",
    over: "Lämna över för signering",
    overHelp:
      "Här finns inga nycklar och inget signeras: sidorna kommer från samordnaren, som signaturer ska skydda mot. Frågan går till din egen signeringsplats (brus desk) eller till kommandoraden, och läses upp där ur den förteckning du litar på. Efter # i länken står den, och det skickas aldrig till någon server.",
    closed: "Frågor kan inte ställas just nu",
    closedText:
      "Samordnaren svarar inte, så ingen fråga kan lämnas in. Det som är publicerat går att läsa och pröva som vanligt.",
    approve: "Är du den som godkänner? Väntande frågor",
  },
  en: {
    crumb: "Researcher",
    title: "Ask the regions a question",
    lede: "You choose, we compute the price before anything is answered. No data is touched until the question is signed, approved and visible in the log.",
    left: "Left in the regions",
    leftHelp:
      "Of the account in which least is left once your question is paid: the dataset's in a period, or the year's over all datasets. The black part is your question.",
    similar: "Similar questions",
    similarHelp: "An answer that is there already costs nothing.",
    over: "Hand over to be signed",
    overHelp:
      "There are no keys here and nothing is signed: the pages come from the coordinator, against whom signatures guard. The question goes to your own desk (brus desk) or to the command line, and is read out there by the directory that you trust. It stands after the # of the link, which is never sent to a server.",
    closed: "Questions cannot be asked just now",
    closedText:
      "The coordinator does not answer, so no question can be handed in. What is published can be read and checked as usual.",
    approve: "Are you the one who approves? Waiting questions",
  },
};

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  return (
    <Asking directory1={overview.directory1} query={query}>
      {(composed) => (
        <Section title={say.over} help={<p>{say.overHelp}</p>}>
          <HandOver {...composed} />
        </Section>
      )}
    </Asking>
  );
}

type Finish = (composed: Composed) => ComponentChildren;

/** The composer, and a question on its way; what becomes of one that is composed is the caller's. */
export function Asking({
  directory1,
  query,
  children,
}: {
  readonly directory1: string;
  readonly query: URLSearchParams;
  readonly children: Finish;
}) {
  const loaded = useLoaded("federation", async () => {
    const [federation, { budgets }] = await Promise.all([loadFederation(directory1), client("getBudgets")]);
    return { federation, ledgers: ledgersIn(federation, budgets) };
  });
  const say = useSay(SAY);
  if (loaded.state === "failed")
    return (
      <Heading title={say.closed}>
        <p role="alert">{say.closedText}</p>
      </Heading>
    );
  const id = query.get("q");
  if (id !== null)
    return (
      <Loaded of={loaded}>{({ federation }) => <Question key={id} federation={federation} id={id} />}</Loaded>
    );
  return <Loaded of={loaded}>{(ready) => <Ask {...ready} finish={children} />}</Loaded>;
}

type Known = {
  readonly federation: Federation;
  readonly ledgers: Ledgers;
  readonly finish: Finish;
};

/** The price a question starts from: four parts in a hundred of the budget. */
const START = 6;

function startOf(federation: Federation, dataset: string, now: Date): Draft {
  const document = federation.datasets.get(dataset)?.dataset;
  const regions = federation.directory.nodes.filter(({ status }) => status === "active").length;
  return {
    dataset,
    measures: ["count"],
    where: [],
    groupBy: [],
    periods: document === undefined ? [] : closedPeriods(document, now, 2),
    pool: false,
    release: "regions",
    minRegions: Math.max(1, Math.ceil((2 * regions) / 3)),
    rho: document === undefined ? "1/100" : rhoOf(document, PRICES[START]),
    title: "",
    purpose: "",
  };
}

function Ask({ federation, ledgers, finish }: Known) {
  const say = useSay(SAY);
  const now = useMemo(() => new Date(), []);
  const names = [...federation.datasets.keys()];
  const [draft, set] = useState<Draft>(() => startOf(federation, names[0] ?? "", now));
  const change = (part: Partial<Draft>) =>
    set((before) =>
      part.dataset !== undefined && part.dataset !== before.dataset
        ? { ...startOf(federation, part.dataset, now), title: before.title, purpose: before.purpose }
        : { ...before, ...part },
    );
  const found = useMemo((): Priced | Refusal => {
    try {
      return priced(draft, federation, now);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }, [draft, federation, now]);
  return (
    <>
      <Heading title={say.title} crumb={say.crumb}>
        <p>{say.lede}</p>
        <p class="small">
          <Link to="approve">{say.approve}</Link>
        </p>
      </Heading>
      <div class="two">
        <Compose federation={federation} draft={draft} now={now} onChange={change} />
        <Live found={found} draft={draft} federation={federation} />
      </div>
      <Section title={say.left} help={<p>{say.leftHelp}</p>}>
        <Remaining federation={federation} ledgers={ledgers} found={found} />
      </Section>
      <Section title={say.similar} help={<p>{say.similarHelp}</p>}>
        <Similar draft={draft} />
      </Section>
      {finish({ federation, draft, found })}
    </>
  );
}
