/** What stands behind a figure, checked here: seven steps, each down to bytes. Green only for what this browser itself did. */
import { SealMark } from "../../charts/marks.tsx";
import { download } from "../../charts/save.ts";
import { listed, period, useLanguage, useSay } from "../../language.ts";
import type { PageProps } from "../../page.ts";
import { HelpLine } from "../../parts/help.tsx";
import { Pin } from "../../parts/pin.tsx";
import { SEAL_WORDS } from "../../parts/seal.tsx";
import { Section } from "../../parts/shell.tsx";
import { DeskLink } from "../../parts/your-desk.tsx";
import { pinned } from "../../proof/run.ts";
import { STEP_NAMES } from "../../proof/words.ts";
import { Link } from "../../router.tsx";
import { namesOf } from "../../sentences.ts";
import { type Check, useCheck } from "./check.ts";
import { besideOf, SealHead } from "./head.tsx";
import { failedIn, ledeOf } from "./lede.ts";
import { Steps } from "./steps.tsx";
import { SAY } from "./words.ts";

export function page(props: PageProps) {
  const release = props.query.get("release") ?? "";
  // Another figure is another check.
  return <Checked key={`${release} ${props.query}`} {...props} release={release} />;
}

type OfRelease = PageProps & { readonly release: string };

/** What does not hold, and another release of the table to look at instead. */
function Broken({
  check,
  lede,
  query,
  release,
}: Omit<OfRelease, "overview" | "id"> & { readonly check: Check; readonly lede: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  // The last of the table's other releases: whether it holds is for its own seal to say.
  const before = check.view?.releases.findLast((each) => each.release !== release);
  return (
    <>
      {before !== undefined && (
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
      <div class="banner">
        <SealMark state="broken" size={48} />
        <div>
          <h2>{say.broken}</h2>
          <p>
            {lede}{" "}
            {listed(
              failedIn(check).map(({ name }) => STEP_NAMES[language][name]),
              language,
            )}
            .
          </p>
        </div>
      </div>
    </>
  );
}

/** Where the chain starts, and what one may do with it. */
function ChainHelp({
  check,
  overview,
  release,
}: Pick<OfRelease, "overview" | "release"> & { readonly check: Check }) {
  const say = useSay(SAY);
  const { directory1 } = overview;
  const evidence = check.result?.kind === "seal" ? check.result.seal.evidence : null;
  const save = () =>
    download(
      `${release.slice(7, 23)}.json`,
      new Blob([JSON.stringify(evidence, null, 1)], { type: "application/json" }),
    );
  return (
    <>
      <p>{say.chainHelp}</p>
      <p>
        {say.root(`${directory1.slice(7, 15)}…${directory1.slice(-4)}`)} {pinned() !== null && say.yours}
      </p>
      <p>{say.code}</p>
      <Pin overview={overview} onChange={check.again} />
      <p class="acts">
        <button type="button" class="btn plain" onClick={check.again}>
          {say.again}
        </button>
        {evidence !== null && (
          <button type="button" class="linklike" onClick={save}>
            {say.receipt}
          </button>
        )}
      </p>
    </>
  );
}

/** The four states a seal may be in, each with its sign. */
function Modes() {
  const say = useSay(SAY);
  const language = useLanguage();
  const modes = [
    ["checked", say.modeChecked],
    ["digest", say.modeDigest],
    ["unchecked", say.modeUnchecked],
    ["broken", say.modeBroken],
  ] as const;
  return (
    <Section title={say.modes}>
      <dl class="def modes">
        {modes.map(([mode, words]) => (
          <div key={mode}>
            <dt class={mode === "checked" ? "w-ok" : mode === "broken" ? "w-bad" : "quiet"}>
              <SealMark state={mode} /> {mode === "unchecked" ? say.modeName : SEAL_WORDS[language][mode]}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Checked({ overview, query, release }: OfRelease) {
  const say = useSay(SAY);
  const language = useLanguage();
  const check = useCheck(release, query, pinned() ?? overview.directory1);
  const { result, state, view } = check;
  const beside = besideOf(view, query);
  const lede = ledeOf(check, beside, language);
  const names = namesOf(overview.regions, language);
  return (
    <>
      <SealHead release={release} check={check} lede={lede} beside={beside} names={names} />
      {view !== null && <HelpLine of={[view.indicator]} />}
      {state === "broken" && <Broken check={check} lede={lede} query={query} release={release} />}
      <Section title={say.chain} help={<ChainHelp check={check} overview={overview} release={release} />}>
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
          <p class="acts">
            <DeskLink to="seal" query={{ release }} class="btn">
              {say.atDesk}
            </DeskLink>
          </p>
        </Section>
      )}
      <Section title={say.not}>
        <p class="notice">{say.notText}</p>
      </Section>
      <Modes />
    </>
  );
}
