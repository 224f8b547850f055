/** The entries of a log, newest first, as events: filtered by kind, word and question, each opened down to its bytes. */
import { useEffect, useState } from "preact/hooks";
import type { LogEvent } from "../../../../protocol/log/events.ts";
import type { Language } from "../../../../protocol/values/language.ts";
import type { Overview } from "../../../../publication/overview.ts";
import { fraction, moment, number, useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import { Section } from "../../parts/shell.tsx";
import { inWorker } from "../../proof/run.ts";
import { change, Link } from "../../router.tsx";
import { SAY } from "./words.ts";

type Read = {
  readonly events: readonly LogEvent[];
  readonly entries: readonly string[];
  readonly size: number;
};

/** So many events at a time. */
const STEP = 60;

type Run = { readonly event: LogEvent; readonly entry: string; readonly more: number };

/** Answers come many at a time: a run of them is one event, unless they are what is asked for. */
function gathered(all: readonly Run[]): Run[] {
  const runs: Run[] = [];
  for (const each of all) {
    const last = runs.at(-1);
    if (each.event.kind === "answer" && last?.event.kind === "answer")
      runs[runs.length - 1] = { ...last, more: last.more + 1 };
    else runs.push(each);
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

/** The latest events of a log, or those up to an entry; and how one reads on. */
function useEvents(directory1: string, log: string, entry: number | null) {
  const [read, set] = useState<Read | "reading" | "failed">("reading");
  const readBefore = (place: number | null) =>
    inWorker({ kind: "events", directory1, log, before: place }, () => undefined);
  useEffect(() => {
    set("reading");
    const { done, stop } = readBefore(entry === null ? null : entry + 1);
    void done.then((told) => set(told.kind === "events" ? told : "failed"));
    return stop;
  }, [log, directory1, entry]);
  const older = async () => {
    if (typeof read === "string") return;
    const told = await readBefore(read.events.at(-1)?.place ?? 0).done;
    if (told.kind === "events")
      set({
        size: read.size,
        events: [...read.events, ...told.events],
        entries: [...read.entries, ...told.entries],
      });
  };
  return { read, older };
}

/** What is looked for, as the address has it; nothing is empty. */
type Sought = {
  readonly log: string;
  readonly word: string;
  readonly kind: string;
  /** A question that is followed. */
  readonly followed: string;
  readonly release: string;
  /** The number of an entry as it is written, and as it is one. */
  readonly written: string;
  readonly entry: number | null;
};

function soughtIn(query: URLSearchParams): Sought {
  const of = (name: string) => query.get(name) ?? "";
  const written = of("entry");
  return {
    log: query.get("log") ?? "coordinator",
    word: of("word"),
    kind: of("kind"),
    followed: of("case"),
    release: of("release"),
    written,
    entry: /^\d{1,15}$/.test(written) ? Number(written) : null,
  };
}

type Regions = Overview["regions"];

const nameIn = (regions: Regions, code: string | null): string =>
  regions.find((each) => each.code === code)?.name ?? "";

const sentenceOf = (event: LogEvent, regions: Regions, language: Language): string =>
  SAY[language].says[event.kind](
    { ...event, detail: event.detail === null ? null : fraction(event.detail, language) },
    nameIn(regions, event.who),
  );

/** Whether an event is what is looked for. Checkpoints are shown only to those who ask for something. */
function isSought(event: LogEvent, sought: Sought, regions: Regions, language: Language): boolean {
  const { word, kind, followed, release, entry } = sought;
  if (entry !== null) return event.place === entry;
  const text =
    `${sentenceOf(event, regions, language)} ${event.words?.[language] ?? ""} ${nameIn(regions, event.who)} ${event.query ?? ""} ${event.id ?? ""}`.toLowerCase();
  return (
    (kind === "" ? event.kind !== "checkpoint" || word !== "" || followed !== "" : event.kind === kind) &&
    (followed === "" || event.query === followed) &&
    (release === "" || event.id === release || word !== "") &&
    word
      .toLowerCase()
      .split(/\s+/)
      .every((each) => text.includes(each))
  );
}

/** The kinds of what was read, and of each how many. */
function kindsOf(events: readonly LogEvent[], language: Language): Array<[string, string]> {
  const counts = new Map<LogEvent["kind"], number>();
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([code, count]) => [
    code,
    `${SAY[language].kind[code]} (${number(count, 0, language)})`,
  ]);
}

/** Which log, and what in it. */
function Filters({
  sought,
  regions,
  kinds,
}: {
  readonly sought: Sought;
  readonly regions: Regions;
  readonly kinds: ReadonlyArray<[string, string]>;
}) {
  const say = useSay(SAY);
  return (
    <>
      <p>{say.help}</p>
      <Choice
        label={say.log}
        value={sought.log}
        options={[
          ["coordinator", say.common],
          ...regions.map(({ code, name }): [string, string] => [code, name]),
        ]}
        onChange={(value) => change({ log: value === "coordinator" ? null : value, kind: null, case: null })}
      />
      <Choice
        label={say.kinds}
        value={sought.kind}
        options={[["", "–"], ...kinds]}
        onChange={(value) => change({ kind: value })}
      />
      <label class="f">
        {say.entry}
        <input
          type="text"
          inputMode="numeric"
          value={sought.written}
          onInput={(event) => change({ entry: event.currentTarget.value })}
        />
      </label>
      <label class="f">
        {say.word}
        <input
          type="search"
          value={sought.word}
          onInput={(event) => change({ word: event.currentTarget.value })}
        />
      </label>
    </>
  );
}

/** What an event says, and what stands behind it down to its bytes. */
function EventText({
  run: { event, entry, more },
  sentence,
}: {
  readonly run: Run;
  readonly sentence: string;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <div>
      <p>
        {more === 0 ? sentence : say.many(more + 1)}{" "}
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
  );
}

function EventItem({ run, regions }: { readonly run: Run; readonly regions: Regions }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const { event } = run;
  return (
    <li data-kind={event.kind}>
      <span class="small quiet">{event.time === null ? "" : moment(event.time, language)}</span>
      <span class="kind small">{say.kind[event.kind]}</span>
      <EventText run={run} sentence={sentenceOf(event, regions, language)} />
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
  );
}

export function Events({
  overview: { regions },
  query,
  directory1,
}: {
  readonly overview: Overview;
  readonly query: URLSearchParams;
  readonly directory1: string;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const sought = soughtIn(query);
  const [most, show] = useState(STEP);
  const { read, older } = useEvents(directory1, sought.log, sought.entry);
  const { events, entries } = typeof read === "string" ? { events: [], entries: [] } : read;
  const shown = events
    .map((event, at) => ({ event, entry: entries[at] ?? "", more: 0 }))
    .filter(({ event }) => isSought(event, sought, regions, language));
  const runs = sought.kind === "" ? gathered(shown) : shown;
  const narrowed = sought.followed !== "" || sought.release !== "" || sought.entry !== null;
  return (
    <Section
      title={say.title}
      id="events"
      help={<Filters sought={sought} regions={regions} kinds={kindsOf(events, language)} />}
    >
      <p role="status" class="small quiet">
        {typeof read === "string" ? say[read] : say.shown(runs.length, number(read.size, 0, language))}
        {narrowed && (
          <>
            {" "}
            <button
              type="button"
              class="linklike"
              onClick={() => change({ case: null, release: null, entry: null })}
            >
              {say.all}
            </button>
          </>
        )}
      </p>
      {typeof read !== "string" && shown.length === 0 && <p>{say.none}</p>}
      <ol class="events">
        {runs.slice(0, most).map((run) => (
          <EventItem key={run.event.place} run={run} regions={regions} />
        ))}
      </ol>
      {runs.length > most && (
        <button type="button" class="btn plain" onClick={() => show(most + STEP)}>
          {say.more}
        </button>
      )}
      {runs.length <= most && (events.at(-1)?.place ?? 0) > 0 && (
        <button type="button" class="btn plain" onClick={() => void older()}>
          {say.older}
        </button>
      )}
    </Section>
  );
}
