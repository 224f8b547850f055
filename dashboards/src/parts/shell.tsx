/** What stands around every page: head, the latest release, foot; and the states in which there is nothing yet to show. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Overview } from "../../../publication/overview.ts";
import { Logo } from "../charts/marks.tsx";
import type { Loading } from "../data.ts";
import { day, listed, useLanguage, useSay } from "../language.ts";
import { hrefOf, Link, type Page, useAddress, welcome } from "../router.tsx";

const SAY = {
  sv: {
    skip: "Till innehållet",
    menu: "Huvudmeny",
    start: "Nuläget",
    indicators: "Indikatorer",
    regions: "Regioner",
    reports: "Rapporter",
    ask: "Fråga",
    log: "Loggen",
    dark: "Mörkt",
    light: "Ljust",
    other: "English",
    strip: "Om utgåvan",
    published: "Senast publicerat",
    answered: (n: number, of: number) =>
      n === of ? `Alla ${of} regioner svarade` : `${n} av ${of} regioner`,
    missing: "Saknas i någon del:",
    stale: (days: number) => `${days} dagar gammalt`,
    how: "Så fungerar brus",
    about: "Om statistiken",
    data: "Öppna data och API",
    accessibility: "Tillgänglighet",
    approve: "Frågor som väntar",
    foot: "Varje siffra bär ett känt brus som skyddar den enskilde. Intervallen är 95-procentiga och visar bruset, inget annat.",
    page: "Sidans adress",
    release: "Utgåva",
  },
  en: {
    skip: "To the content",
    menu: "Main menu",
    start: "Now",
    indicators: "Indicators",
    regions: "Regions",
    reports: "Reports",
    ask: "Ask",
    log: "The log",
    dark: "Dark",
    light: "Light",
    other: "Svenska",
    strip: "About the release",
    published: "Last published",
    answered: (n: number, of: number) => (n === of ? `All ${of} regions answered` : `${n} of ${of} regions`),
    missing: "Missing in some part:",
    stale: (days: number) => `${days} days old`,
    how: "How Brus works",
    about: "About the statistics",
    data: "Open data and API",
    accessibility: "Accessibility",
    approve: "Questions that wait",
    foot: "Every figure carries a known noise that protects the individual. Intervals are of 95 per cent and show the noise, nothing else.",
    page: "This page's address",
    release: "Release",
  },
};

const MENU = ["start", "indicators", "regions", "reports", "ask", "log"] as const;
const UNDER: Partial<Record<Page, Page>> = {
  indicator: "indicators",
  region: "regions",
  approve: "ask",
  seal: "log",
};

type Theme = "light" | "dark";
const THEME = "brus-theme";
const prefersDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const themeNow = (): Theme => {
  const kept = localStorage.getItem(THEME);
  return kept === "dark" || kept === "light" ? kept : prefersDark() ? "dark" : "light";
};

export function ThemeButton() {
  const say = useSay(SAY);
  const [theme, set] = useState(themeNow);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const turn = () => {
    const next = theme === "dark" ? "light" : "dark";
    localStorage.setItem(THEME, next);
    set(next);
  };
  return (
    <button type="button" onClick={turn}>
      {theme === "dark" ? say.light : say.dark}
    </button>
  );
}

/** After so many days what is shown is called old. */
const STALE_DAYS = 120;

export function ReleaseStrip({ overview }: { readonly overview: Overview }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { madeAt, unsaid, regions } = overview;
  if (madeAt === null) return null;
  const absent = [...new Set(unsaid.missing.map(({ region }) => region))];
  const names = absent.map((code) => regions.find((each) => each.code === code)?.name ?? code);
  const days = Math.floor((Date.now() - Date.parse(madeAt)) / 86_400_000);
  return (
    <aside class="release" aria-label={say.strip}>
      <div class="page">
        <span>
          {say.published} <strong>{day(madeAt, language)}</strong>
        </span>
        <span>{say.answered(regions.length - absent.length, regions.length)}</span>
        {names.length > 0 && (
          <span>
            {say.missing} {listed(names, language)}
          </span>
        )}
        {days > STALE_DAYS && <span class="warn">{say.stale(days)}</span>}
      </div>
    </aside>
  );
}

/** The name, the menu, and what may be changed of the page: its colours and its language. */
export function Top<Name extends Page>({
  menu,
  words,
  current,
  hash = "",
}: {
  readonly menu: readonly Name[];
  /** The names of the menu's pages. */
  readonly words: Readonly<Record<Name, string>>;
  readonly current: Page | null;
  /** What of the address goes along into the other language. */
  readonly hash?: string;
}) {
  const say = useSay(SAY);
  const { language, page, id, query } = useAddress();
  const other = language === "sv" ? "en" : "sv";
  return (
    <header class="top">
      <div class="page">
        <Link to="start" class="mark">
          <Logo />
          Brus
        </Link>
        <nav class="nav" aria-label={say.menu}>
          {menu.map((name) => (
            <Link key={name} to={name} current={current === name}>
              {words[name]}
            </Link>
          ))}
        </nav>
        <div class="tools">
          <ThemeButton />
          <a
            href={`${hrefOf(other, page ?? "start", id, Object.fromEntries(query))}${hash}`}
            lang={other}
            hreflang={other}
          >
            {say.other}
          </a>
        </div>
      </div>
    </header>
  );
}

function Foot({ madeAt }: { readonly madeAt: string | null }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <footer class="foot">
      <div class="page">
        <ul>
          {(["how", "about", "data", "approve", "accessibility"] as const).map((name) => (
            <li key={name}>
              <Link to={name}>{say[name]}</Link>
            </li>
          ))}
        </ul>
        <p>{say.foot}</p>
        <p class="printed">
          {say.page}: {location.href}
          {madeAt !== null && ` · ${say.release} ${day(madeAt, language)}`}
        </p>
      </div>
    </footer>
  );
}

export function Shell({
  loaded,
  children,
}: {
  readonly loaded: Loading<Overview>;
  readonly children: ComponentChildren;
}) {
  const say = useSay(SAY);
  const { page } = useAddress();
  const overview = loaded.state === "ready" ? loaded.value : null;
  return (
    <>
      <a class="skip" href="#content">
        {say.skip}
      </a>
      <Top menu={MENU} words={say} current={page === null ? null : (UNDER[page] ?? page)} />
      {overview !== null && <ReleaseStrip overview={overview} />}
      <main id="content" class="page" tabIndex={-1}>
        {children}
      </main>
      <Foot madeAt={overview?.madeAt ?? null} />
    </>
  );
}

const STATES = {
  sv: {
    loading: "Hämtar siffrorna …",
    slow: "Det tar längre tid än vanligt. Vi väntar på de publicerade siffrorna från servern.",
    failed: "Siffrorna kunde inte hämtas. Servern svarar inte just nu. Försök igen om en stund.",
    missing: "Här finns inget publicerat ännu. När en utgåva finns visas den här.",
    again: "Försök igen",
  },
  en: {
    loading: "Fetching the figures …",
    slow: "This takes longer than usual. We are waiting for the published figures from the server.",
    failed: "The figures could not be fetched. The server does not answer just now. Try again in a while.",
    missing: "Nothing is published here yet. When there is a release it is shown here.",
    again: "Try again",
  },
};

/** What is shown of something that is fetched: what is awaited, why it failed, or itself. */
export function Loaded<T>({
  of,
  children,
}: {
  readonly of: Loading<T>;
  readonly children: (value: T) => ComponentChildren;
}) {
  const say = useSay(STATES);
  if (of.state === "ready") return <>{children(of.value)}</>;
  const text = of.state === "failed" ? (of.missing ? say.missing : say.failed) : say[of.state];
  return (
    <div class="waiting" role={of.state === "failed" ? "alert" : "status"}>
      <p>{text}</p>
      {of.state === "failed" && !of.missing && (
        <button type="button" class="btn plain" onClick={() => location.reload()}>
          {say.again}
        </button>
      )}
    </div>
  );
}

/** A page's heading: it takes the focus when one comes to the page. */
export function Heading({
  title,
  children,
  crumb,
  given = false,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly crumb?: ComponentChildren;
  /** True where somebody else wrote the title, in whatever language. */
  readonly given?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Brus`;
    welcome(heading.current);
  }, [title]);
  return (
    <div class="lede">
      {crumb !== undefined && <p class="crumb">{crumb}</p>}
      <h1 ref={heading} tabIndex={-1} class={given ? "given" : undefined}>
        {title}
      </h1>
      {children}
    </div>
  );
}

/** A section: its name and reading help in the margin, its matter beside. */
export function Section({
  title,
  help,
  children,
  id,
  given = false,
}: {
  readonly title: string;
  readonly help?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly id?: string;
  readonly given?: boolean;
}) {
  return (
    <section class="sec" id={id}>
      <header>
        <h2 class={given ? "given" : undefined}>{title}</h2>
        {help}
      </header>
      <div class="matter">{children}</div>
    </section>
  );
}
