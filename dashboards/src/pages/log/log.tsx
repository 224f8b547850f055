/** The log for whoever wants to check it: its state, an audit run here, and its entries as events a person can read. */
import { useEffect, useState } from "preact/hooks";
import { moment, number, useLanguage, useSay } from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { Heading, Section } from "../../parts/shell.tsx";
import type { LogState } from "../../proof/messages.ts";
import { inWorker, pinned } from "../../proof/run.ts";
import { AUDIT, type Audited, AuditHere, useAudit } from "./audit.tsx";
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
    loading: "Läser loggens läge …",
    version: "Förteckningen, version",
    outside: "Vittnen utanför federationen",
    outsideHelp: "De räknas inte in i regionernas antal. De visar att samma logg visades även för dem.",
    seen: (name: string, when: string) => `${name}: medsignerad, gäller per ${when}`,
    unseen: (name: string, required: boolean) =>
      `${name}: har inte medsignerat den här kontrollpunkten${required ? "; förteckningen kräver det" : " ännu"}`,
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
    loading: "Reading the log's state …",
    version: "Directory, version",
    outside: "Witnesses from outside the federation",
    outsideHelp: "They do not count among the regions. They show that the same log was shown to them, too.",
    seen: (name: string, when: string) => `${name}: cosigned, as of ${when}`,
    unseen: (name: string, required: boolean) =>
      `${name}: has not cosigned this checkpoint${required ? "; the directory requires it" : " yet"}`,
  },
};

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
  const { failed } = useSay(AUDIT);
  if (state === null) return <p role="status">{loading ? say.loading : failed}</p>;
  const silent = state.regions.filter(
    ({ asOf, sound }) => !sound || asOf === null || Date.now() / 1000 - asOf > FRESH_SECONDS,
  );
  const when = state.asOf === null ? "" : moment(state.asOf * 1000, language);
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

/** What witnesses from outside have cosigned; nothing where the directory names none. */
function Outside({ outside }: Pick<LogState, "outside">) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (outside.length === 0) return null;
  return (
    <Section title={say.outside} help={say.outsideHelp}>
      <ul>
        {outside.map(({ name, required, time }) => (
          <li key={name}>
            {time === null ? say.unseen(name, required) : say.seen(name, moment(time * 1000, language))}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** How the logs stand; null until it is known, and where it cannot be. */
function useLogState(directory1: string) {
  const [state, set] = useState<LogState | null>(null);
  const [loading, setLoading] = useState(true);
  useEffect(() => {
    const { done, stop } = inWorker({ kind: "state", directory1, now: Date.now() }, () => undefined);
    void done.then((told) => {
      setLoading(false);
      if (told.kind === "state") set(told.state);
    });
    return stop;
  }, [directory1]);
  return { state, loading };
}

export function page({ overview, query }: PageProps) {
  const say = useSay(SAY);
  const directory1 = pinned() ?? overview.directory1;
  const stood = useLogState(directory1);
  const audit = useAudit(directory1);
  return (
    <>
      <Heading title={say.title}>
        <p>{say.lede}</p>
      </Heading>
      <State {...stood} audited={audit.audited} />
      <Outside outside={stood.state?.outside ?? []} />
      <AuditHere directory1={directory1} {...audit} />
      <Events overview={overview} query={query} directory1={directory1} />
    </>
  );
}
