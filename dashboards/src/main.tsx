/** The web application: what stands at an address, in one of two languages. What few need is loaded when it is asked for. */
import { type ComponentType, render } from "preact";
import { useEffect } from "preact/hooks";
import type { Overview } from "../../publication/overview.ts";
import { Hatch } from "./charts/interval.tsx";
import { useLoaded, useOverview } from "./data.ts";
import { LanguageContext, useSay } from "./language.ts";
import type { PageProps } from "./page.ts";
import { Indicator } from "./pages/indicator/indicator.tsx";
import { Start } from "./pages/start/start.tsx";
import { Heading, Loaded, Shell } from "./parts/shell.tsx";
import { type Address, EMBEDDED, type Page, useAddress } from "./router.tsx";

function App() {
  const place = useAddress();
  const loaded = useOverview();
  const { language, query } = place;
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.classList.toggle("embedded", query.has("embed"));
  }, [language, query]);
  return (
    <LanguageContext.Provider value={language}>
      <Hatch />
      <Shell loaded={loaded}>
        <Loaded of={loaded}>{(overview) => <At overview={overview} place={place} />}</Loaded>
      </Shell>
    </LanguageContext.Provider>
  );
}

/** Pages that are loaded when one comes to them. */
const PAGES: Partial<Record<Page, () => Promise<ComponentType<PageProps>>>> = {
  indicators: () => import("./pages/indicators.tsx").then(({ page }) => page),
  regions: () => import("./pages/regions.tsx").then(({ page }) => page),
  region: () => import("./pages/region.tsx").then(({ page }) => page),
  reports: () => import("./pages/reports.tsx").then(({ page }) => page),
  attacks: () => import("./pages/attacks.tsx").then(({ page }) => page),
  how: () => import("./pages/how.tsx").then(({ page }) => page),
  about: () => import("./pages/texts.tsx").then(({ pages }) => pages.about),
  data: () => import("./pages/texts.tsx").then(({ pages }) => pages.data),
  log: () => import("./pages/log/log.tsx").then(({ page }) => page),
  ask: () => import("./pages/ask/ask.tsx").then(({ page }) => page),
  approve: () => import("./pages/approve.tsx").then(({ page }) => page),
  seal: () => import("./pages/seal/seal.tsx").then(({ page }) => page),
  accessibility: () => import("./pages/texts.tsx").then(({ pages }) => pages.accessibility),
};

const NOT_FOUND = {
  sv: {
    title: "Sidan finns inte",
    text: "Adressen leder ingenstans. Börja om från nuläget, eller sök bland indikatorerna.",
  },
  en: {
    title: "There is no such page",
    text: "The address leads nowhere. Begin again from the first page, or look among the indicators.",
  },
};

function NotFound() {
  const say = useSay(NOT_FOUND);
  return (
    <Heading title={say.title}>
      <p>{say.text}</p>
    </Heading>
  );
}

function Later({ name, ...rest }: PageProps & { readonly name: Page }) {
  const found = useLoaded(name, async () => ({ Page: (await PAGES[name]?.()) ?? NotFound }));
  return <Loaded of={found}>{({ Page: Shown }) => <Shown {...rest} />}</Loaded>;
}

function At({
  overview,
  place: { page, id, query },
}: {
  readonly overview: Overview;
  readonly place: Address;
}) {
  const rest = { overview, id, query };
  if (page === null || (EMBEDDED && page !== "indicator")) return <NotFound />;
  if (page === "start") return <Start overview={overview} />;
  if (page === "indicator") return <Indicator key={id} {...rest} />;
  return <Later key={`${page} ${id}`} name={page} {...rest} />;
}

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
