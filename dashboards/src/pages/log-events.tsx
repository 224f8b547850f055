/** The entries of a log, newest first, as events: filtered by kind, word and question, each opened down to its bytes. */
import { useEffect, useState } from "preact/hooks";
import type { LogEvent } from "../../../protocol/events.ts";
import type { Overview } from "../../../protocol/overview.ts";
import { clock, day, fraction, number, useLanguage, useSay } from "../language.ts";
import { Choice } from "../parts/seg.tsx";
import { Section } from "../parts/shell.tsx";
import { inWorker } from "../proof/run.ts";
import { change, Link } from "../router.tsx";

const SAY = {
  sv: {
    title: "Händelser",
    help: "Tryck på ett ärende för att följa det från fråga till svar.",
    log: "Logg",
    common: "Den gemensamma",
    word: "Region eller ord",
    kinds: "Slag",
    older: "Äldre händelser",
    all: "Visa alla ärenden",
    reading: "Läser …",
    failed: "Händelserna kunde inte hämtas just nu.",
    none: "Inget passar.",
    entry: "Rad",
    bytes: "Radens byte",
    read: "Läs frågan i klartext",
    seal: "Öppna sigillet",
    many: (n: number) => `${n} svar, kända genom sina avtryck.`,
    more: "Visa fler",
    shown: (n: number, of: string) => `${n} händelser visas, av ${of} rader.`,
    kind: {
      directory: "Förteckning",
      query: "Fråga",
      approval: "Beslut",
      answer: "Svar",
      refusal: "Avstod",
      request: "Granskning",
      release: "Utgåva",
      calendar: "Kalender",
      dispatch: "Utskick",
      checkpoint: "Kontrollpunkt",
      started: "Start",
      charge: "Debitering",
      masked: "Maskerat svar",
      agreed: "Enades",
      unreadable: "Oläslig",
    },
    says: {
      directory: () => "En ny version av förteckningen över deltagare.",
      query: (e: LogEvent) => `${e.who ?? "Någon"} ställde en fråga. ρ = ${e.detail ?? "?"}.`,
      approval: (e: LogEvent) =>
        `${e.who ?? "Någon"} ${e.detail === "decline" ? "avslog" : "godkände"} frågan.`,
      answer: (_e: LogEvent, name: string) =>
        name === "" ? "Ett svar, känt genom sitt avtryck." : `${name} svarade.`,
      refusal: (e: LogEvent, name: string) =>
        `${name || "En region"} avstod${e.detail === null ? "" : `: ${e.detail}`}. Inget debiterades.`,
      request: (e: LogEvent) => `${e.who ?? "En granskare"} fick de maskerade svaren bakom en utgåva.`,
      release: (e: LogEvent) => `En utgåva publicerades. ρ = ${e.detail ?? "?"} per period och region.`,
      calendar: (e: LogEvent) => `${e.who ?? "Någon"} lämnade in en kalender för stående utgåvor.`,
      dispatch: () => "Frågan skickades till regionerna.",
      checkpoint: (e: LogEvent, name: string) => `${name}: egen logg med ${e.detail ?? "?"} rader.`,
      started: () => "Regionens nod startade.",
      charge: (e: LogEvent) => `Debiterade ρ = ${e.detail ?? "?"}.`,
      masked: () => "Lämnade ett maskerat svar.",
      agreed: () => "Enades om vilka regioners summa som öppnas.",
      unreadable: () => "Raden går inte att läsa.",
    },
  },
  en: {
    title: "Events",
    help: "Press a case to follow it from question to answer.",
    log: "Log",
    common: "The common one",
    word: "Region or word",
    kinds: "Kinds",
    older: "Older events",
    all: "Show all cases",
    reading: "Reading …",
    failed: "The events could not be fetched just now.",
    none: "Nothing matches.",
    entry: "Entry",
    bytes: "The entry's bytes",
    read: "Read the question in plain words",
    seal: "Open the seal",
    many: (n: number) => `${n} answers, known by their digests.`,
    more: "Show more",
    shown: (n: number, of: string) => `${n} events are shown, of ${of} entries.`,
    kind: {
      directory: "Directory",
      query: "Question",
      approval: "Decision",
      answer: "Answer",
      refusal: "Declined",
      request: "Audit",
      release: "Release",
      calendar: "Calendar",
      dispatch: "Dispatch",
      checkpoint: "Checkpoint",
      started: "Start",
      charge: "Charge",
      masked: "Masked answer",
      agreed: "Agreement",
      unreadable: "Unreadable",
    },
    says: {
      directory: () => "A new version of the directory of participants.",
      query: (e: LogEvent) => `${e.who ?? "Somebody"} asked a question. ρ = ${e.detail ?? "?"}.`,
      approval: (e: LogEvent) =>
        `${e.who ?? "Somebody"} ${e.detail === "decline" ? "declined" : "approved"} the question.`,
      answer: (_e: LogEvent, name: string) =>
        name === "" ? "An answer, known by its digest." : `${name} answered.`,
      refusal: (e: LogEvent, name: string) =>
        `${name || "A region"} declined${e.detail === null ? "" : `: ${e.detail}`}. Nothing was charged.`,
      request: (e: LogEvent) => `${e.who ?? "An auditor"} was given the masked answers behind a release.`,
      release: (e: LogEvent) => `A release was published. ρ = ${e.detail ?? "?"} a period and region.`,
      calendar: (e: LogEvent) => `${e.who ?? "Somebody"} handed in a calendar of standing releases.`,
      dispatch: () => "The question was sent to the regions.",
      checkpoint: (e: LogEvent, name: string) => `${name}: its own log with ${e.detail ?? "?"} entries.`,
      started: () => "The region's node started.",
      charge: (e: LogEvent) => `Charged ρ = ${e.detail ?? "?"}.`,
      masked: () => "Handed in a masked answer.",
      agreed: () => "Agreed on the regions whose sum is opened.",
      unreadable: () => "The entry cannot be read.",
    },
  },
};

type Read = {
  readonly events: readonly LogEvent[];
  readonly entries: readonly string[];
  readonly size: number;
};

/** So many events at a time. */
const STEP = 60;

type Shown = { readonly event: LogEvent; readonly entry: string; readonly more: number };

/** Answers come many at a time: a run of them is one event, unless they are what is asked for. */
function gathered(all: ReadonlyArray<Omit<Shown, "more">>): Shown[] {
  const runs: Shown[] = [];
  for (const each of all) {
    const last = runs.at(-1);
    if (each.event.kind === "answer" && last?.event.kind === "answer")
      runs[runs.length - 1] = { ...last, more: last.more + 1 };
    else runs.push({ ...each, more: 0 });
  }
  return runs;
}

const pretty = (text: string): string => {
  try {
    const leaf = JSON.parse(text) as { document?: { payload?: string } | null };
    const payload = leaf.document?.payload;
    const opened =
      payload === undefined
        ? null
        : JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
    return `${text}${opened === null ? "" : `\n\n${JSON.stringify(opened, null, 1)}`}`;
  } catch {
    return text;
  }
};

export function Events({
  overview,
  query,
  directory1,
}: {
  readonly overview: Overview;
  readonly query: URLSearchParams;
  readonly directory1: string;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const log = query.get("log") ?? "coordinator";
  const [most, show] = useState(STEP);
  const [read, set] = useState<Read | "reading" | "failed">("reading");
  useEffect(() => {
    set("reading");
    const { done, stop } = inWorker({ kind: "events", directory1, log, before: null }, () => undefined);
    void done.then((told) => set(told.kind === "events" ? told : "failed"));
    return stop;
  }, [log, directory1]);
  const older = async () => {
    if (typeof read === "string") return;
    const before = read.events.at(-1)?.place ?? 0;
    const told = await inWorker({ kind: "events", directory1, log, before }, () => undefined).done;
    if (told.kind === "events")
      set({
        size: read.size,
        events: [...read.events, ...told.events],
        entries: [...read.entries, ...told.entries],
      });
  };
  const name = (code: string | null) => overview.regions.find((each) => each.code === code)?.name ?? "";
  const [word, kind, followed, release] = ["word", "kind", "case", "release"].map(
    (each) => query.get(each) ?? "",
  );
  const all =
    typeof read === "string"
      ? []
      : read.events.map((event, at) => ({ event, entry: read.entries[at] ?? "" }));
  const sentence = (event: LogEvent) =>
    say.says[event.kind](
      { ...event, detail: event.detail === null ? null : fraction(event.detail, language) },
      name(event.who),
    );
  const counts = new Map<string, number>();
  for (const { event } of all) counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
  const shown = all.filter(({ event }) => {
    const text =
      `${sentence(event)} ${event.words?.[language] ?? ""} ${name(event.who)} ${event.query ?? ""} ${event.id ?? ""}`.toLowerCase();
    return (
      (kind === "" ? event.kind !== "checkpoint" || word !== "" || followed !== "" : event.kind === kind) &&
      (followed === "" || event.query === followed) &&
      (release === "" || event.id === release || word !== "") &&
      (word ?? "")
        .toLowerCase()
        .split(/\s+/)
        .every((each) => text.includes(each))
    );
  });
  const runs = kind === "" ? gathered(shown) : shown.map((each) => ({ ...each, more: 0 }));
  const kinds = [...counts].map(([code, count]): [string, string] => [
    code,
    `${say.kind[code as LogEvent["kind"]]} (${number(count, 0, language)})`,
  ]);
  return (
    <Section
      title={say.title}
      id="events"
      help={
        <>
          <p>{say.help}</p>
          <Choice
            label={say.log}
            value={log}
            options={[
              ["coordinator", say.common],
              ...overview.regions.map(({ code, name: text }): [string, string] => [code, text]),
            ]}
            onChange={(value) =>
              change({ log: value === "coordinator" ? null : value, kind: null, case: null })
            }
          />
          <Choice
            label={say.kinds}
            value={kind ?? ""}
            options={[["", "–"], ...kinds]}
            onChange={(value) => change({ kind: value })}
          />
          <label class="f">
            {say.word}
            <input
              type="search"
              value={word}
              onInput={(event) => change({ word: event.currentTarget.value })}
            />
          </label>
        </>
      }
    >
      <p role="status" class="small quiet">
        {read === "reading"
          ? say.reading
          : read === "failed"
            ? say.failed
            : say.shown(runs.length, number(read.size, 0, language))}
        {(followed !== "" || release !== "") && (
          <>
            {" "}
            <button type="button" class="linklike" onClick={() => change({ case: null, release: null })}>
              {say.all}
            </button>
          </>
        )}
      </p>
      {typeof read !== "string" && shown.length === 0 && <p>{say.none}</p>}
      <ol class="events">
        {runs.slice(0, most).map(({ event, entry, more }) => (
          <li key={event.place} data-kind={event.kind}>
            <span class="small quiet">
              {event.time === null ? "" : `${day(event.time, language)} ${clock(event.time, language)}`}
            </span>
            <span class="kind small">{say.kind[event.kind]}</span>
            <div>
              <p>
                {more === 0 ? sentence(event) : say.many(more + 1)}{" "}
                {event.title !== null && <q class="given">{event.title}</q>}
              </p>
              {event.words !== null && (
                <details>
                  <summary>{say.read}</summary>
                  <blockquote class="say q">{event.words[language]}</blockquote>
                </details>
              )}
              {event.kind === "release" && event.id !== null && (
                <p class="small">
                  <Link to="seal" query={{ release: event.id }}>
                    {say.seal}
                  </Link>
                </p>
              )}
              <details>
                <summary>{say.bytes}</summary>
                <pre class="block" tabIndex={0}>
                  {pretty(entry).slice(0, 20_000)}
                </pre>
              </details>
            </div>
            <span class="small">
              {event.query !== null && (
                <button type="button" class="linklike mono" onClick={() => change({ case: event.query })}>
                  {event.query.slice(7, 13)}
                </button>
              )}{" "}
              <span class="quiet">
                {say.entry} {number(event.place, 0, language)}
              </span>
            </span>
          </li>
        ))}
      </ol>
      {runs.length > most && (
        <button type="button" class="btn plain" onClick={() => show(most + STEP)}>
          {say.more}
        </button>
      )}
      {runs.length <= most && typeof read !== "string" && (read.events.at(-1)?.place ?? 0) > 0 && (
        <button type="button" class="btn plain" onClick={() => void older()}>
          {say.older}
        </button>
      )}
    </Section>
  );
}
