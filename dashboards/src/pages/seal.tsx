/** What stands behind a figure, checked here: seven steps, each down to bytes. Green only for what this browser itself did. */
import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../../../protocol/overview.ts";
import { placeOf, type Viewed } from "../../../protocol/view.ts";
import { download } from "../charts/save.ts";
import { table as loadTable } from "../data.ts";
import { chosenIn, figureAt } from "../figures.ts";
import {
  clock,
  day,
  figure,
  listed,
  number,
  period,
  range,
  upper,
  useLanguage,
  useSay,
} from "../language.ts";
import type { PageProps } from "../main.tsx";
import { SealMark, type SealState } from "../parts/marks.tsx";
import { remember, SEAL_WORDS } from "../parts/seal.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import type { Found, ShownSeal, Tell } from "../proof/messages.ts";
import { inWorker, pin, pinned } from "../proof/run.ts";
import { STEP_NAMES } from "../proof/words.ts";
import { Link } from "../router.tsx";
import { namesOf } from "../sentences.ts";
import { Steps } from "./seal-steps.tsx";

const SAY = {
  sv: {
    holds: "Sigillet håller",
    digest: "Sigillet håller mot avtryck",
    broken: "Sigillet är brutet",
    unread: "Sigillet är inte prövat",
    checking: "Sigillet prövas",
    holdsText:
      "Din webbläsare har själv prövat alla sju steg, från frågan till de regioner som vittnar om loggen. Inget av det bygger på vad servern påstår.",
    digestText:
      "Din webbläsare har prövat allt utom att summan är summan av regionernas delar. De är maskerade, och bara förteckningens granskare har dem. Summan är prövad mot sitt avtryck.",
    brokenText: (n: number, text: string) =>
      `${n === 1 ? "Ett steg" : `${n} steg`} av sju stämmer inte. Använd inte siffran ${text} förrän felet är utrett.`,
    figureText: "Siffran på sidan är inte den som står i den signerade utgåvan.",
    unreadText:
      "Delar av loggen kunde inte hämtas just nu. Det säger inget om siffran. Försök igen om en stund.",
    unknownText: "Utgåvan finns inte i den här loggen.",
    checkingText: (done: number, of: number) =>
      of === 0 ? "Läser loggen …" : `Läser loggen: rad ${done} av ${of} …`,
    release: "Utgåva",
    checked: "Prövat",
    asOf: "Gäller per",
    time: "Tid",
    seconds: "sekunder",
    chain: "Beviskedjan",
    chainHelp: "Varje steg kan öppnas ned till de byte som prövats.",
    root: (hash: string) =>
      `Utgångspunkten är förteckningen över deltagare, version 1, ${hash}. Den följer med sidan och kan jämföras med den tryckta.`,
    yours: "Den du själv har angett gäller i stället.",
    pin: "Ange förteckningens avtryck själv",
    pinned: "sha256:…",
    use: "Använd",
    forget: "Glöm",
    again: "Pröva igen",
    receipt: "Ladda ned bevisen",
    not: "Vad sigillet inte visar",
    notText:
      "Sigillet visar att siffran är summan av vad regionerna svarade, att frågan var godkänd och att alla ser samma logg. Det kan inte visa att en region räknade rätt rader eller drog sitt brus som den skulle. Det granskas på plats.",
    modes: "Sigillets fyra lägen",
    modeName: "Inte prövat",
    modeChecked: "Din webbläsare har själv gjort alla sju steg.",
    modeDigest:
      "Allt utom summan är prövat. För nationella utgåvor kan bara granskare med de maskade svaren räkna om den.",
    modeUnchecked:
      "Du har inte öppnat sigillet, eller så saknas delar av loggen just nu. Det säger inget om siffran.",
    modeBroken: "Minst ett steg stämmer inte.",
    seal: "Sigill",
    elsewhere: (n: number) =>
      `En granskning av hela loggen hittar ${n} fel på annat håll, som inte rör den här utgåvan.`,
  },
  en: {
    holds: "The seal holds",
    digest: "The seal holds by digest",
    broken: "The seal is broken",
    unread: "The seal is not checked",
    checking: "The seal is being checked",
    holdsText:
      "Your browser itself checked all seven steps, from the question to the regions that vouch for the log. None of it rests on what the server says.",
    digestText:
      "Your browser checked everything but that the sum is that of the regions' parts. Those are masked, and only the directory's auditors have them. The sum was checked by its digest.",
    brokenText: (n: number, text: string) =>
      `${n === 1 ? "One step" : `${n} steps`} of seven ${n === 1 ? "does" : "do"} not hold. Do not use the figure ${text} until the fault is explained.`,
    figureText: "The figure on the page is not the one in the signed release.",
    unreadText:
      "Parts of the log could not be fetched just now. That says nothing of the figure. Try again in a while.",
    unknownText: "The release is not in this log.",
    checkingText: (done: number, of: number) =>
      of === 0 ? "Reading the log …" : `Reading the log: entry ${done} of ${of} …`,
    release: "Release",
    checked: "Checked",
    asOf: "As of",
    time: "Time",
    seconds: "seconds",
    chain: "The chain of proof",
    chainHelp: "Each step can be opened down to the bytes that were checked.",
    root: (hash: string) =>
      `It starts from the directory of participants, version 1, ${hash}. It comes with the page and can be compared with the printed one.`,
    yours: "The one you gave yourself is used instead.",
    pin: "Give the directory's hash yourself",
    pinned: "sha256:…",
    use: "Use",
    forget: "Forget",
    again: "Check again",
    receipt: "Download the proofs",
    not: "What the seal does not show",
    notText:
      "The seal shows that the figure is the sum of what the regions answered, that the question was approved and that everyone sees the same log. It cannot show that a region counted the right rows, or drew its noise as it should. That is inspected on the spot.",
    modes: "The seal's four states",
    modeName: "Not checked",
    modeChecked: "Your browser itself did all seven steps.",
    modeDigest:
      "All but the sum was checked. For national releases only auditors with the masked answers can add it up anew.",
    modeUnchecked:
      "You have not opened the seal, or parts of the log are missing just now. That says nothing of the figure.",
    modeBroken: "At least one step does not hold.",
    seal: "Seal",
    elsewhere: (n: number) =>
      `An audit of the whole log finds ${n} faults elsewhere, which do not touch this release.`,
  },
};

type Result = Extract<Tell, { kind: "seal" | "failed" }> | null;

/** Whether the figure that is shown is the one in the table; a rate's scale is public, so only its shape is compared. */
function isSame(view: Viewed, shown: Found, found: Found): boolean {
  if (shown.value === null || found.value === null) return shown.value === found.value;
  if (view.indicator.produced.per === undefined)
    return shown.value === found.value && shown.low === found.low && shown.high === found.high;
  return Math.abs((shown.low ?? 0) / shown.value - (found.low ?? 0) / found.value) < 1e-3;
}

export function page(props: PageProps) {
  const release = props.query.get("release") ?? "";
  // Another figure is another check.
  return <Check key={`${release} ${props.query}`} {...props} release={release} />;
}

function Check({ overview, query, release }: PageProps & { readonly release: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [result, set] = useState<Result>(null);
  const [view, setView] = useState<Viewed | null>(null);
  const [progress, setProgress] = useState<readonly [number, number]>([0, 0]);
  const [round, again] = useState(0);
  const [when, setWhen] = useState(0);
  const trusted = pinned() ?? overview.directory1;
  useEffect(() => {
    set(null);
    let stop: () => void = () => undefined;
    let gone = false;
    const name = query.get("table");
    void (async () => {
      const own = name === null ? null : await loadTable(name).catch(() => null);
      if (gone) return;
      setView(own);
      const chosen = own === null ? null : chosenIn(own, query);
      const at = own === null || chosen === null ? null : { indicator: own.indicator.id, ...chosen };
      const { done, stop: end } = inWorker(
        { kind: "seal", release, directory1: trusted, now: Date.now(), at },
        (done, of) => setProgress([done, of]),
      );
      stop = end;
      const told = await done;
      if (gone || (told.kind !== "seal" && told.kind !== "failed")) return;
      const shown =
        own === null || chosen === null ? null : figureAt(own, chosen, chosen.region, chosen.period);
      const forged =
        told.kind === "seal" &&
        told.figure !== null &&
        shown !== null &&
        own !== null &&
        !isSame(own, shown, told.figure);
      set(forged && told.kind === "seal" ? { ...told, seal: withForged(told.seal) } : told);
      setWhen(Date.now());
      remember(
        release,
        told.kind === "failed" ? "unchecked" : forged ? "broken" : STATES[told.seal.state],
        Date.now(),
      );
    })();
    return () => {
      gone = true;
      stop();
    };
  }, [round, trusted]);
  const chosen = view === null ? null : chosenIn(view, query);
  const shown =
    view === null || chosen === null ? null : figureAt(view, chosen, chosen.region, chosen.period);
  const names = namesOf(overview.regions, language);
  const text =
    view === null || shown === null || shown.value === null
      ? ""
      : figure(view.indicator, shown.value, language);
  const state: SealState | "checking" | "unread" =
    result === null ? "checking" : result.kind === "failed" ? "unread" : STATES[result.seal.state];
  const title = {
    checked: say.holds,
    digest: say.digest,
    broken: say.broken,
    unchecked: say.unread,
    checking: say.checking,
    unread: say.unread,
  }[state];
  const steps = result?.kind === "seal" ? result.seal.steps : [];
  const broken = steps.filter((step) => step.state === "fails").length;
  const lede = {
    checked: say.holdsText,
    digest: say.digestText,
    broken: say.brokenText(broken, text),
    checking: say.checkingText(progress[0], progress[1]),
    unchecked: say.unreadText,
    unread: result?.kind === "failed" && result.code === "release-unknown" ? say.unknownText : say.unreadText,
  }[state];
  const mark: SealState = state === "checking" || state === "unread" ? "unchecked" : state;
  const crumb =
    view === null ? (
      say.seal
    ) : (
      <>
        <Link to="indicator" id={view.indicator.id}>
          {view.indicator.name[language]}
        </Link>{" "}
        / {say.seal}
      </>
    );
  const groups =
    view === null || chosen === null
      ? []
      : Object.entries(chosen.groups).map(
          ([column, code]) =>
            view.dimensions.find((each) => each.code === column)?.values[placeOf(view, column, code)]?.label[
              language
            ] ?? code,
        );
  const asOf = result?.kind === "seal" ? result.seal.asOf : null;
  return (
    <>
      <div class="sealhead">
        <span class={`big ${mark === "checked" ? "ok" : mark === "broken" ? "bad" : "un"}`}>
          <SealMark state={mark} size={76} />
        </span>
        <div aria-live="polite">
          <Heading title={title} crumb={crumb}>
            <p>{lede}</p>
          </Heading>
          {state === "checking" && <progress max={progress[1] || 1} value={progress[0]} aria-label={title} />}
        </div>
        <dl class="facts">
          {view !== null && chosen !== null && shown !== null && (
            <div>
              <dt>{[upper(names(chosen.region)), ...groups, period(chosen.period, language)].join(", ")}</dt>
              <dd class={state === "broken" ? "struck" : ""}>
                <strong>{text || ".."}</strong>{" "}
                {shown.low !== null &&
                  shown.high !== null &&
                  range(view.indicator, shown.low, shown.high, language)}
              </dd>
            </div>
          )}
          <div>
            <dt>{say.release}</dt>
            <dd class="mono">{release.slice(7, 19)}…</dd>
          </div>
          {when > 0 && (
            <div>
              <dt>{say.checked}</dt>
              <dd>
                {day(when, language)} {clock(when, language)}
              </dd>
            </div>
          )}
          {asOf !== null && (
            <div>
              <dt>{say.asOf}</dt>
              <dd>
                {day(asOf * 1000, language)} {clock(asOf * 1000, language)}
              </dd>
            </div>
          )}
          {result?.kind === "seal" && (
            <div>
              <dt>{say.time}</dt>
              <dd>
                {number(result.ms / 1000, 1, language)} {say.seconds}
              </dd>
            </div>
          )}
        </dl>
      </div>
      {state === "broken" && (
        <div class="banner" role="alert">
          <SealMark state="broken" size={48} />
          <div>
            <h2>{say.broken}</h2>
            <p>
              {lede}{" "}
              {listed(
                steps.flatMap((step) => (step.state === "fails" ? [STEP_NAMES[language][step.name]] : [])),
                language,
              )}
              .
            </p>
          </div>
        </div>
      )}
      <Section
        title={say.chain}
        help={
          <>
            <p>{say.chainHelp}</p>
            <p>
              {say.root(`${overview.directory1.slice(7, 15)}…${overview.directory1.slice(-4)}`)}{" "}
              {pinned() !== null && say.yours}
            </p>
            <Pin overview={overview} onChange={() => again(round + 1)} />
            <p class="acts">
              <button type="button" class="btn plain" onClick={() => again(round + 1)}>
                {say.again}
              </button>
              {result?.kind === "seal" && result.seal.evidence !== null && (
                <button
                  type="button"
                  class="linklike"
                  onClick={() =>
                    download(
                      `${release.slice(7, 23)}.json`,
                      new Blob([JSON.stringify(result.seal.evidence, null, 1)], { type: "application/json" }),
                    )
                  }
                >
                  {say.receipt}
                </button>
              )}
            </p>
          </>
        }
      >
        {result?.kind === "seal" ? (
          <Steps seal={result.seal} figure={result.figure} view={view} />
        ) : (
          <p class="quiet">{lede}</p>
        )}
        {result?.kind === "seal" && result.seal.elsewhere > 0 && (
          <p class="small">{say.elsewhere(result.seal.elsewhere)}</p>
        )}
      </Section>
      <Section title={say.not}>
        <p class="notice">{say.notText}</p>
      </Section>
      <Section title={say.modes}>
        <dl class="def modes">
          {(
            [
              ["checked", say.modeChecked],
              ["digest", say.modeDigest],
              ["unchecked", say.modeUnchecked],
              ["broken", say.modeBroken],
            ] as const
          ).map(([mode, words]) => (
            <div key={mode}>
              <dt class={mode === "checked" ? "w-ok" : mode === "broken" ? "w-bad" : "quiet"}>
                <SealMark state={mode} /> {mode === "unchecked" ? say.modeName : SEAL_WORDS[language][mode]}
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

const STATES = {
  holds: "checked",
  "by digest": "digest",
  broken: "broken",
  "not reached": "unchecked",
} as const;

/** A page that shows another figure than the release has: the sum is not what was published. */
const withForged = (seal: ShownSeal): ShownSeal => ({
  ...seal,
  state: "broken",
  steps: seal.steps.map((step) =>
    step.name === "sum"
      ? {
          ...step,
          state: "fails",
          findings: [
            ...step.findings,
            { log: "page", leaf: null, rule: "sum", says: "expected the figure of the signed release" },
          ],
        }
      : step,
  ),
});

/** The one thing that is believed can be given by whoever believes it. */
function Pin({ overview, onChange }: { readonly overview: Overview; readonly onChange: () => void }) {
  const say = useSay(SAY);
  const use = (event: Event) => {
    event.preventDefault();
    const hash = String(new FormData(event.currentTarget as HTMLFormElement).get("hash") ?? "").trim();
    if (!/^sha256:[0-9a-f]{64}$/.test(hash)) return;
    pin(hash === overview.directory1 ? null : hash);
    onChange();
  };
  return (
    <details>
      <summary>{say.pin}</summary>
      <form class="inline" onSubmit={use}>
        <label class="f grow">
          {say.pin}
          <input
            name="hash"
            type="text"
            class="mono"
            placeholder={say.pinned}
            pattern="sha256:[0-9a-f]{64}"
            required
            defaultValue={pinned() ?? ""}
          />
        </label>
        <button type="submit" class="btn plain">
          {say.use}
        </button>
        {pinned() !== null && (
          <button
            type="button"
            class="linklike"
            onClick={() => {
              pin(null);
              onChange();
            }}
          >
            {say.forget}
          </button>
        )}
      </form>
    </details>
  );
}
