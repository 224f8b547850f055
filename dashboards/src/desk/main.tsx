/** The desk's pages, served by `brus desk` from its own installation: asking, approving, auditing; and what it is, to whoever comes. */
import { type ComponentType, render } from "preact";
import { useEffect } from "preact/hooks";
import type { DeskState } from "../../../protocol/wire/desk.ts";
import { Hatch } from "../charts/interval.tsx";
import { useLoaded } from "../data.ts";
import { LanguageContext, useSay } from "../language.ts";
import { Heading, Loaded, Section, Top } from "../parts/shell.tsx";
import { type Address, type Page, useAddress } from "../router.tsx";
import type { DeskPageProps } from "./page.ts";
import { entered } from "./session.ts";

const SAY = {
  sv: {
    skip: "Till innehållet",
    menu: "Huvudmeny",
    start: "Signeringsplatsen",
    ask: "Fråga",
    approve: "Godkänn",
    seal: "Granska",
    other: "English",
    closed: "Signeringsplatsen är stängd",
    closedText:
      "Öppna adressen som brus desk skrev ut när den startades. Den öppnar en gång; starta om för en ny. En fråga som lämnats över med en länk visas när du laddar om den här sidan efteråt.",
    title: "Din signeringsplats",
    lede: "Här frågar, godkänner och granskar du. Sidorna och koden är dina egna, inte samordnarens, och det du signerar läses upp ur den förteckning som platsen startades med.",
    from: "Vad den utgår från",
    directory: "Förteckningen, version 1",
    now: "I kraft",
    version: (n: number) => `version ${n}`,
    coordinator: "Samordnare",
    pages: "Sidornas avtryck",
    named: {
      this: "som förteckningen anger det",
      other: "förteckningen anger ett annat; den som startade platsen valde de här",
      none: "förteckningen anger inget",
    },
  },
  en: {
    skip: "To the content",
    menu: "Main menu",
    start: "The desk",
    ask: "Ask",
    approve: "Approve",
    seal: "Audit",
    other: "Svenska",
    closed: "The desk is closed",
    closedText:
      "Open the address that brus desk printed when it was started. It opens once; start it again for another. A question that a link handed over is shown when you load this page again afterwards.",
    title: "Your desk",
    lede: "Here you ask, approve and audit. The pages and their code are your own, not the coordinator's, and what you sign is read out by the directory that the desk was started with.",
    from: "What it starts from",
    directory: "The directory, version 1",
    now: "In force",
    version: (n: number) => `version ${n}`,
    coordinator: "Coordinator",
    pages: "Digest of the pages",
    named: {
      this: "as the directory names it",
      other: "the directory names another; whoever started the desk chose these",
      none: "the directory names none",
    },
  },
};

const MENU = ["start", "ask", "approve", "seal"] as const;

const PAGES: Partial<Record<Page, () => Promise<ComponentType<DeskPageProps>>>> = {
  ask: () => import("./ask.tsx").then(({ page }) => page),
  approve: () => import("./approve.tsx").then(({ page }) => page),
  seal: () => import("./audit.tsx").then(({ page }) => page),
};

function Start({ desk }: DeskPageProps) {
  const say = useSay(SAY);
  const { digest, named } = desk.pages;
  const rows = [
    [say.directory, desk.directory1],
    [say.now, say.version(desk.version)],
    [say.coordinator, desk.coordinator],
    [say.pages, `${digest}, ${say.named[named]}`],
  ] as const;
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <Section title={say.from}>
        <dl class="def">
          {rows.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="id">{text}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

function At({ place, desk }: { readonly place: Address; readonly desk: DeskState }) {
  const { page, query } = place;
  const found = useLoaded(page ?? "", async () => ({
    Shown: (await (page === null ? undefined : PAGES[page]?.())) ?? Start,
  }));
  return <Loaded of={found}>{({ Shown }) => <Shown key={String(query)} desk={desk} query={query} />}</Loaded>;
}

function Inside({ place }: { readonly place: Address }) {
  const say = useSay(SAY);
  const loaded = useLoaded("desk", async () => ({ desk: await entered() }));
  return (
    <>
      <a class="skip" href="#content">
        {say.skip}
      </a>
      <Top menu={MENU} words={say} current={place.page} hash={location.hash} />
      <main id="content" class="page" tabIndex={-1}>
        <Loaded of={loaded}>
          {({ desk }) =>
            desk === null ? (
              <Heading title={say.closed}>
                <p>{say.closedText}</p>
              </Heading>
            ) : (
              <At place={place} desk={desk} />
            )
          }
        </Loaded>
      </main>
    </>
  );
}

function App() {
  const place = useAddress();
  const { language } = place;
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return (
    <LanguageContext.Provider value={language}>
      <Hatch />
      <Inside place={place} />
    </LanguageContext.Provider>
  );
}

/** The address that was printed names no language: the browser's is taken. */
function inALanguage(): void {
  if (location.pathname !== "/") return;
  const language = /^(nb|nn|no|da|sv)\b/.test(navigator.language) ? "sv" : "en";
  history.replaceState(null, "", `/${language}/${location.hash}`);
}

inALanguage();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
