/** An audit of the whole log, made here: run, followed, and told with each finding. */
import { useState } from "preact/hooks";
import type { Audit } from "../../../../protocol/audit/audit.ts";
import { SealMark } from "../../charts/marks.tsx";
import { number, useLanguage, useSay } from "../../language.ts";
import { Section } from "../../parts/shell.tsx";
import { Heads } from "../../parts/table.tsx";
import type { Tell } from "../../proof/messages.ts";
import { inWorker } from "../../proof/run.ts";
import { RULE_WORDS } from "../../proof/words.ts";
import { Link } from "../../router.tsx";

export const AUDIT = {
  sv: {
    audit: "Granska själv",
    auditHelp:
      "Läser hela loggen och alla regioners egna loggar, och räknar om varje fråga, kostnad och summa. Allt görs i din webbläsare.",
    run: "Granska hela loggen här",
    running: (done: number, of: number) => `Rad ${done} av ${of} …`,
    elsewhere: "eller någon annanstans:",
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
  },
  en: {
    audit: "Audit it yourself",
    auditHelp:
      "Reads the whole log and all regions' own logs, and recomputes every question, cost and sum. All of it is done in your browser.",
    run: "Audit the whole log here",
    running: (done: number, of: number) => `Entry ${done} of ${of} …`,
    elsewhere: "or somewhere else:",
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
  },
};

export type Audited = Extract<Tell, { kind: "audit" | "failed" }> | null;

/** The latest audit made here; how far one has come that is running; and how one is started. */
export function useAudit(directory1: string) {
  const [audited, set] = useState<Audited>(null);
  const [progress, setProgress] = useState<readonly [number, number] | null>(null);
  const run = async () => {
    set(null);
    setProgress([0, 0]);
    const told = await inWorker({ kind: "audit", directory1, now: Date.now() }, (done, of) =>
      setProgress([done, of]),
    ).done;
    setProgress(null);
    if (told.kind === "audit" || told.kind === "failed") set(told);
  };
  return { audited, progress, run };
}

function Findings({ findings }: Pick<Audit, "findings">) {
  const say = useSay(AUDIT);
  const language = useLanguage();
  return (
    <ul class="list">
      {findings.slice(0, 100).map((finding, at) => (
        <li key={at}>
          <strong>{RULE_WORDS[language][finding.rule]}</strong>
          <span class="quiet mono">
            {finding.log === "coordinator" ? say.common : `${say.log} ${finding.log}`}
            {finding.leaf !== null && `, ${say.entry} ${finding.leaf}`}: <span lang="en">{finding.says}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What became of the sum of each release. */
function Releases({ releases }: Pick<Audit, "releases">) {
  const say = useSay(AUDIT);
  const sums = { recomputed: say.recomputed, "by digest": say.digest, fails: say.fails };
  return (
    <details>
      <summary>{say.releases}</summary>
      <table>
        <Heads columns={[say.release, say.sum]} />
        <tbody>
          {releases.map(({ id, title, sum }) => (
            <tr key={id}>
              <th scope="row">
                <Link to="seal" query={{ release: id }}>
                  <span class="given">{title}</span>
                </Link>
              </th>
              <td>{sums[sum]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Outcome({ audit, ms }: { readonly audit: Audit; readonly ms: number }) {
  const say = useSay(AUDIT);
  const language = useLanguage();
  return (
    <>
      <p class={audit.holds ? "w-ok" : "w-bad"}>
        <SealMark state={audit.holds ? "checked" : "broken"} />{" "}
        {audit.holds ? say.holds : say.broken(audit.findings.length)}{" "}
        {say.holdsText(audit.size, audit.regions, number(ms / 1000, 1, language))}
      </p>
      {audit.findings.length > 0 && <Findings findings={audit.findings} />}
      <Releases releases={audit.releases} />
      <p class="small quiet">{say.not}</p>
    </>
  );
}

export function AuditHere({
  directory1,
  audited,
  progress,
  run,
}: ReturnType<typeof useAudit> & { readonly directory1: string }) {
  const say = useSay(AUDIT);
  return (
    <Section title={say.audit} help={<p>{say.auditHelp}</p>}>
      <p class="acts">
        <button type="button" class="btn" disabled={progress !== null} onClick={() => void run()}>
          {say.run}
        </button>
        <span class="small">{say.elsewhere}</span>
      </p>
      <pre class="block" tabIndex={0}>
        {`brus audit ${location.origin} --directory1 ${directory1}`}
      </pre>
      <div aria-live="polite" id="verdict">
        {progress !== null && (
          <>
            <progress max={progress[1] || 1} value={progress[0]} aria-label={say.run} />
            <p class="small">{say.running(progress[0], progress[1])}</p>
          </>
        )}
        {audited?.kind === "failed" && <p>{say.failed}</p>}
        {audited?.kind === "audit" && <Outcome audit={audited.audit} ms={audited.ms} />}
      </div>
    </Section>
  );
}
