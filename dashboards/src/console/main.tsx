/** The region's own page, served by its node on loopback: what was asked, answered and charged, and what remains. Nothing of a person. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, type Language } from "../../../protocol/values/language.ts";
import type { ConsoleState } from "../../../protocol/wire/console.ts";
import { Logo } from "../charts/marks.tsx";
import { LanguageContext, useSay } from "../language.ts";
import { Heading } from "../parts/shell.tsx";
import { Console } from "./console.tsx";
import { SAY } from "./words.ts";

/** What the address opened, as long as this tab is there. */
const SESSION = "brus-session";

async function sessionOf(): Promise<string | null> {
  const token = location.hash.slice(1);
  if (/^[0-9a-f]{64}$/.test(token)) {
    history.replaceState(null, "", "/");
    const answer = await fetch("/session", { method: "POST", headers: { authorization: `Bearer ${token}` } });
    if (answer.ok) sessionStorage.setItem(SESSION, ((await answer.json()) as { session: string }).session);
  }
  return sessionStorage.getItem(SESSION);
}

const EVERY_MS = 5000;

function useConsole(): ConsoleState | "loading" | "closed" {
  const [state, set] = useState<ConsoleState | "loading" | "closed">("loading");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const session = await sessionOf();
      const answer =
        session === null
          ? null
          : await fetch("/state", { headers: { authorization: `Bearer ${session}` } }).catch(() => null);
      // Told by our own node.
      set(answer?.ok === true ? ((await answer.json()) as ConsoleState) : "closed");
      if (answer?.ok === true) timer = setTimeout(() => void look(), EVERY_MS);
    };
    void look();
    return () => clearTimeout(timer);
  }, []);
  return state;
}

function Page({
  language,
  onLanguage,
}: {
  readonly language: Language;
  readonly onLanguage: (language: Language) => void;
}) {
  const say = useSay(SAY);
  const state = useConsole();
  const other = LANGUAGES.find((each) => each !== language) ?? "sv";
  return (
    <>
      <header class="top">
        <div class="page">
          <span class="mark">
            <Logo />
            Brus
          </span>
          <div class="tools">
            <button type="button" lang={other} onClick={() => onLanguage(other)}>
              {say.other}
            </button>
          </div>
        </div>
      </header>
      <main class="page">
        {state === "loading" ? (
          <Heading title={say.loading} />
        ) : state === "closed" ? (
          <Heading title={say.closed}>
            <p>{say.closedText}</p>
          </Heading>
        ) : (
          <Console state={state} />
        )}
      </main>
    </>
  );
}

function App() {
  const [language, set] = useState<Language>(() =>
    /^(nb|nn|no|da|sv)\b/.test(navigator.language) ? "sv" : "en",
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return (
    <LanguageContext.Provider value={language}>
      <Page language={language} onLanguage={set} />
    </LanguageContext.Provider>
  );
}

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
