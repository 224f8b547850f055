/** The entries of a log, newest first, as events: filtered by kind, word and question, each opened down to its bytes. */
import { useEffect, useState } from "preact/hooks";
import type { LogEvent } from "../../../../protocol/log/events.ts";
import type { Overview } from "../../../../publication/overview.ts";
import { clock, day, fraction, number, useLanguage, useSay } from "../../language.ts";
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
function gathered(all: ReadonlyArray<Omit<Run, "more">>): Run[] {
  const runs: Run[] = [];
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
  const asked = query.get("entry") ?? "";
  const entry = /^\d{1,15}$/.test(asked) ? Number(asked) : null;
  const [most, show] = useState(STEP);
  const [read, set] = useState<Read | "reading" | "failed">("reading");
  useEffect(() => {
    set("reading");
    const before = entry === null ? null : entry + 1;
    const { done, stop } = inWorker({ kind: "events", directory1, log, before }, () => undefined);
    void done.then((told) => set(told.kind === "events" ? told : "failed"));
    return stop;
  }, [log, directory1, entry]);
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
    if (entry !== null) return event.place === entry;
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
            {say.entry}
            <input
              type="text"
              inputMode="numeric"
              value={asked}
              onInput={(event) => change({ entry: event.currentTarget.value })}
            />
          </label>
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
        {(followed !== "" || release !== "" || entry !== null) && (
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
