/** The log for whoever wants to check it: its state, an audit run here, and its entries as events a person can read. */
import { useEffect, useState } from "preact/hooks";
import { SealMark } from "../../charts/marks.tsx";
import { clock, day, number, useLanguage, useSay } from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { Heading, Section } from "../../parts/shell.tsx";
import type { LogState, Tell } from "../../proof/messages.ts";
import { inWorker, pinned } from "../../proof/run.ts";
import { RULE_WORDS } from "../../proof/words.ts";
import { Link } from "../../router.tsx";
import { Events } from "./events.tsx";

const SAY = {
  sv: {
    title: "Loggen",
    lede: "Allt som har frågats, godkänts, svarats och publicerats sedan starten. Ingen kan ändra en rad i efterhand utan att det syns, inte heller vi.",
    entries: "Rader",
    cosigned: "Medsignerad av",
    of: (n: number, of: number) => `${n} av ${of}`,
    least: (n: number, when: string) => `${n} krävs${when === "" ? "" : `, gäller per ${when}`}`,
    whole: "Hel sedan starten",
    yes: "Ja, prövat här",
    no: "Nej",
    notYet: "Inte prövat",
    byAudit: "granskningen nedan prövar det",
    steps: (n: number) => `${n} utgåvor prövade`,
    watch: "Att hålla ögonen på",
    none: "Inget",
    silent: (n: number) => `${n} ${n === 1 ? "region" : "regioner"}`,
    silentText: (text: string) => `${text}: ingen färsk medsignerad kontrollpunkt`,
    all: "alla regioners loggar är färska",
    audit: "Granska själv",
    auditHelp:
      "Läser hela loggen och alla regioners egna loggar, och räknar om varje fråga, kostnad och summa. Allt görs i din webbläsare.",
    run: "Granska hela loggen här",
    running: (done: number, of: number) => `Rad ${done} av ${of} …`,
    elsewhere: "eller någon annanstans:",
    copy: "Kopiera",
    holds: "Allt stämmer.",
    holdsText: (n: number, regions: number, s: string) =>
      `${n} rader, ${regions} regioners egna loggar, ${s} sekunder.`,
    broken: (n: number) => `${n} ${n === 1 ? "sak stämmer" : "saker stämmer"} inte.`,
    recomputed: "räknad om",
    digest: "mot avtryck",
    fails: "stämmer inte",
    failed: "Granskningen kunde inte göras: delar av loggen gick inte att hämta.",
    not: "Vad ingen granskning kan visa: att en region räknade rätt rader, eller drog sitt brus.",
    entry: "rad",
    common: "den gemensamma loggen",
    log: "logg",
    releases: "Utgåvor",
    release: "Utgåva",
    sum: "Summan",
    loading: "Läser loggens läge …",
    version: "Förteckningen, version",
  },
  en: {
    title: "The log",
    lede: "All that was asked, approved, answered and published since the beginning. Nobody can change an entry afterwards without its being seen, nor can we.",
    entries: "Entries",
    cosigned: "Cosigned by",
    of: (n: number, of: number) => `${n} of ${of}`,
    least: (n: number, when: string) => `${n} are required${when === "" ? "" : `, as of ${when}`}`,
    whole: "Whole since the beginning",
    yes: "Yes, checked here",
    no: "No",
    notYet: "Not checked",
    byAudit: "the audit below checks it",
    steps: (n: number) => `${n} releases checked`,
    watch: "To keep an eye on",
    none: "Nothing",
    silent: (n: number) => `${n} ${n === 1 ? "region" : "regions"}`,
    silentText: (text: string) => `${text}: no recent cosigned checkpoint`,
    all: "all regions' logs are recent",
    audit: "Audit it yourself",
    auditHelp:
      "Reads the whole log and all regions' own logs, and recomputes every question, cost and sum. All of it is done in your browser.",
    run: "Audit the whole log here",
    running: (done: number, of: number) => `Entry ${done} of ${of} …`,
    elsewhere: "or somewhere else:",
    copy: "Copy",
    holds: "All holds.",
    holdsText: (n: number, regions: number, s: string) =>
      `${n} entries, ${regions} regions' own logs, ${s} seconds.`,
    broken: (n: number) => `${n} ${n === 1 ? "thing does" : "things do"} not hold.`,
    recomputed: "recomputed",
    digest: "by digest",
    fails: "does not hold",
    failed: "The audit could not be made: parts of the log could not be fetched.",
    not: "What no audit can show: that a region counted the right rows, or drew its noise.",
    entry: "entry",
    common: "the common log",
    log: "log",
    releases: "Releases",
    release: "Release",
    sum: "The sum",
    loading: "Reading the log's state …",
    version: "Directory, version",
  },
};

type Audited = Extract<Tell, { kind: "audit" | "failed" }> | null;

/** A log without newer cosignatures than this is worth a look. As auditors hold it. */
const FRESH_SECONDS = 24 * 3600;

function State({
  state,
  audited,
  loading,
}: {
  readonly state: LogState | null;
  readonly audited: Audited;
  readonly loading: boolean;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (state === null) return <p role="status">{loading ? say.loading : say.failed}</p>;
  const silent = state.regions.filter(
    ({ asOf, sound }) => !sound || asOf === null || Date.now() / 1000 - asOf > FRESH_SECONDS,
  );
  const when =
    state.asOf === null ? "" : `${day(state.asOf * 1000, language)} ${clock(state.asOf * 1000, language)}`;
  const holds = audited?.kind === "audit" ? audited.audit.holds : null;
  return (
    <div class="big4">
      <div>
        {say.entries}
        <strong>{number(state.size, 0, language)}</strong>
        {say.version} {state.version}
      </div>
      <div>
        {say.cosigned}
        <strong>{say.of(state.cosigned, state.regions.length)}</strong>
        {say.least(state.least, when)}
      </div>
      <div>
        {say.whole}
        <strong class={holds === true ? "w-ok" : holds === false ? "w-bad" : ""}>
          {holds === null ? say.notYet : holds ? say.yes : say.no}
        </strong>
        {audited?.kind === "audit" ? say.steps(audited.audit.releases.length) : say.byAudit}
      </div>
      <div>
        {say.watch}
        <strong>{silent.length === 0 ? say.none : say.silent(silent.length)}</strong>
        {silent.length === 0
          ? say.all
          : say.silentText(
              silent
                .map(({ name }) => name)
                .slice(0, 3)
                .join(", "),
            )}
      </div>
    </div>
  );
}

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  const language = useLanguage();
  const directory1 = pinned() ?? overview.directory1;
  const [state, setState] = useState<LogState | null>(null);
  const [loading, setLoading] = useState(true);
  const [audited, setAudited] = useState<Audited>(null);
  const [progress, setProgress] = useState<readonly [number, number] | null>(null);
  useEffect(() => {
    const { done, stop } = inWorker({ kind: "state", directory1, now: Date.now() }, () => undefined);
    void done.then((told) => {
      setLoading(false);
      if (told.kind === "state") setState(told.state);
    });
    return stop;
  }, [directory1]);
  const run = async () => {
    setAudited(null);
    setProgress([0, 0]);
    const told = await inWorker({ kind: "audit", directory1, now: Date.now() }, (done, of) =>
      setProgress([done, of]),
    ).done;
    setProgress(null);
    if (told.kind !== "audit" && told.kind !== "failed") return;
    setAudited(told);
  };
  const command = `brus audit ${location.origin} --directory1 ${directory1}`;
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <State state={state} audited={audited} loading={loading} />
      <Section title={say.audit} help={<p>{say.auditHelp}</p>}>
        <p class="acts">
          <button type="button" class="btn" disabled={progress !== null} onClick={() => void run()}>
            {say.run}
          </button>
          <span class="small">{say.elsewhere}</span>
        </p>
        <pre class="block" tabIndex={0}>
          {command}
        </pre>
        <div aria-live="polite" id="verdict">
          {progress !== null && (
            <>
              <progress max={progress[1] || 1} value={progress[0]} aria-label={say.run} />
              <p class="small">{say.running(progress[0], progress[1])}</p>
            </>
          )}
          {audited?.kind === "failed" && <p>{say.failed}</p>}
          {audited?.kind === "audit" && (
            <>
              <p class={audited.audit.holds ? "w-ok" : "w-bad"}>
                <SealMark state={audited.audit.holds ? "checked" : "broken"} />{" "}
                {audited.audit.holds ? say.holds : say.broken(audited.audit.findings.length)}{" "}
                {say.holdsText(
                  audited.audit.size,
                  audited.audit.regions,
                  number(audited.ms / 1000, 1, language),
                )}
              </p>
              {audited.audit.findings.length > 0 && (
                <ul class="list">
                  {audited.audit.findings.slice(0, 100).map((finding, at) => (
                    <li key={at}>
                      <strong>{RULE_WORDS[language][finding.rule]}</strong>
                      <span class="quiet mono">
                        {finding.log === "coordinator" ? say.common : `${say.log} ${finding.log}`}
                        {finding.leaf !== null && `, ${say.entry} ${finding.leaf}`}:{" "}
                        <span lang="en">{finding.says}</span>
                      </span>
                    </li>
                  ))}
                </ul>
              )}
              <details>
                <summary>{say.releases}</summary>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{say.release}</th>
                      <th scope="col">{say.sum}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {audited.audit.releases.map(({ id, title, sum }) => (
                      <tr key={id}>
                        <th scope="row">
                          <Link to="seal" query={{ release: id }}>
                            <span class="given">{title}</span>
                          </Link>
                        </th>
                        <td>
                          {sum === "recomputed"
                            ? say.recomputed
                            : sum === "by digest"
                              ? say.digest
                              : say.fails}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </details>
              <p class="small quiet">{say.not}</p>
            </>
          )}
        </div>
      </Section>
      <Events overview={overview} query={query} directory1={directory1} />
    </>
  );
}
