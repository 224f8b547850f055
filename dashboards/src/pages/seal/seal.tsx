/** What stands behind a figure, checked here: seven steps, each down to bytes. Green only for what this browser itself did. */
import { useEffect, useState } from "preact/hooks";
import type { Envelope } from "../../../../protocol/signing/envelope.ts";
import { labelIn, type Viewed, viewed } from "../../../../publication/view.ts";
import { SealMark, type SealState } from "../../charts/marks.tsx";
import { download } from "../../charts/save.ts";
import { rawTable, useLoaded } from "../../data.ts";
import { chosenIn, figureAt } from "../../figures.ts";
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
} from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { HelpLine } from "../../parts/help.tsx";
import { Pin } from "../../parts/pin.tsx";
import { remember, SEAL_WORDS } from "../../parts/seal.tsx";
import { Heading, Loaded, Section } from "../../parts/shell.tsx";
import type { ShownSeal, Tell } from "../../proof/messages.ts";
import { inWorker, pinned } from "../../proof/run.ts";
import { STEP_NAMES } from "../../proof/words.ts";
import { Link } from "../../router.tsx";
import { namesOf } from "../../sentences.ts";
import { Steps } from "./steps.tsx";
import { SAY } from "./words.ts";

type SealResult = Extract<Tell, { kind: "seal" | "failed" }> | null;

/** What few need is loaded when it is. */
function AuditorLater(props: Parameters<typeof import("../../parts/auditor.tsx").Auditor>[0]) {
  const loaded = useLoaded("auditor", async () => ({
    Auditor: (await import("../../parts/auditor.tsx")).Auditor,
  }));
  return <Loaded of={loaded}>{({ Auditor }) => <Auditor {...props} />}</Loaded>;
}

export function page(props: PageProps) {
  const release = props.query.get("release") ?? "";
  // Another figure is another check.
  return <Check key={`${release} ${props.query}`} {...props} release={release} />;
}

function Check({ overview, query, release }: PageProps & { readonly release: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [result, set] = useState<SealResult>(null);
  const [view, setView] = useState<Viewed | null>(null);
  const [progress, setProgress] = useState<readonly [number, number]>([0, 0]);
  const [round, again] = useState(0);
  const [request, give] = useState<Envelope | null>(null);
  const [when, setWhen] = useState(0);
  const trusted = pinned() ?? overview.directory1;
  useEffect(() => {
    set(null);
    let stop: () => void = () => undefined;
    let gone = false;
    const name = query.get("table");
    void (async () => {
      const raw = name === null ? null : await rawTable(name).catch(() => null);
      const own = raw === null ? null : viewed(raw);
      if (gone) return;
      setView(own);
      const at = own === null ? null : { indicator: own.indicator.id, ...chosenIn(own, query) };
      const { done, stop: end } = inWorker(
        { kind: "seal", release, directory1: trusted, now: Date.now(), view: raw, at, request },
        (done, of) => setProgress([done, of]),
      );
      stop = end;
      const told = await done;
      if (gone || (told.kind !== "seal" && told.kind !== "failed")) return;
      const forged = told.kind === "seal" && told.unlike.length > 0;
      set(forged ? { ...told, seal: withForged(told.seal, told.unlike) } : told);
      setWhen(Date.now());
      const state = told.kind === "failed" ? "unchecked" : forged ? "broken" : STATES[told.seal.state];
      // A rate is scaled by a number that is no release's: its seal stays open beside it, unless it is broken.
      const rate = own?.indicator.produced.per !== undefined && state !== "broken";
      if (name === null || own !== null)
        remember(release, name ?? "", rate ? "unchecked" : state, Date.now());
    })();
    return () => {
      gone = true;
      stop();
    };
  }, [round, trusted, request]);
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
    unread:
      result?.kind !== "failed" || result.code === "unavailable"
        ? say.unreadText
        : result.code === "release-unknown"
          ? say.unknownText
          : pinned() === null
            ? say.unreadText
            : say.otherText,
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
          ([column, code]) => labelIn(view, column, code)?.[language] ?? code,
        );
  // The last of the table's other releases: whether it holds is for its own seal to say.
  const before = view?.releases.findLast((each) => each.release !== release);
  const asOf = result?.kind === "seal" ? result.seal.asOf : null;
  return (
    <>
      <div class="sealhead">
        <span class={`big ${mark === "checked" ? "ok" : mark === "broken" ? "bad" : "un"}`}>
          <SealMark state={mark} size={76} />
        </span>
        <div aria-live="polite" aria-busy={state === "checking"}>
          <Heading title={title} crumb={crumb}>
            <p>{lede}</p>
          </Heading>
          {state === "checking" && <progress max={progress[1] || 1} value={progress[0]} aria-label={title} />}
        </div>
        <dl class="facts">
          {view !== null &&
            view.indicator.produced.per === undefined &&
            chosen !== null &&
            shown !== null && (
              <div>
                <dt>
                  {[upper(names(chosen.region)), ...groups, period(chosen.period, language)].join(", ")}
                </dt>
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
      {view !== null && <HelpLine of={[view.indicator]} />}
      {state === "broken" && before !== undefined && (
        <p class="acts">
          <Link
            to="seal"
            query={{ ...Object.fromEntries(query), release: before.release, period: before.period }}
            class="btn"
          >
            {say.before} {period(before.period, language)}
          </Link>
        </p>
      )}
      {state === "broken" && (
        <div class="banner">
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
      {state === "digest" && (
        <Section title={say.auditor} help={<p>{say.auditorHelp}</p>}>
          <AuditorLater overview={overview} release={release} onRequest={give} />
        </Section>
      )}
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
const withForged = (seal: ShownSeal, unlike: readonly string[]): ShownSeal => ({
  ...seal,
  state: "broken",
  steps: seal.steps.map((step) =>
    step.name === "sum"
      ? {
          ...step,
          state: "fails",
          findings: [
            ...step.findings,
            {
              log: "page",
              leaf: null,
              rule: "sum",
              says: `expected what the signed release says: ${unlike.slice(0, 5).join("; ")}`,
            },
          ],
        }
      : step,
  ),
});
