/** How a seal's check came out, in a sign and a sentence; and what it is of: the figure, the release, and when. */
import type { ComponentChildren } from "preact";
import type { CubeFigure } from "../../../../publication/figure.ts";
import { labelIn, type Viewed } from "../../../../publication/view.ts";
import { SealMark } from "../../charts/marks.tsx";
import { type Chosen, chosenIn, figureAt } from "../../figures.ts";
import { figure, moment, number, period, range, upper, useLanguage, useSay } from "../../language.ts";
import { Heading } from "../../parts/shell.tsx";
import { Link } from "../../router.tsx";
import type { Names } from "../../sentences.ts";
import type { Check } from "./check.ts";
import { SAY } from "./words.ts";

/** The figure that the seal stands beside, as the page's table has it. */
export type Beside = { readonly view: Viewed; readonly chosen: Chosen; readonly shown: CubeFigure };

export function besideOf(view: Viewed | null, query: URLSearchParams): Beside | null {
  if (view === null) return null;
  const chosen = chosenIn(view, query);
  return { view, chosen, shown: figureAt(view, chosen, chosen.region, chosen.period) };
}

function Crumb({ view }: { readonly view: Viewed | null }) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (view === null) return <>{say.seal}</>;
  return (
    <>
      <Link to="indicator" id={view.indicator.id}>
        {view.indicator.name[language]}
      </Link>{" "}
      / {say.seal}
    </>
  );
}

function Fact({
  name,
  class: kind,
  children,
}: {
  readonly name: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={kind}>{children}</dd>
    </div>
  );
}

/** The figure itself; struck out where the seal is broken. */
function FigureFact({
  beside: { view, chosen, shown },
  names,
  broken,
}: {
  readonly beside: Beside;
  readonly names: Names;
  readonly broken: boolean;
}) {
  const language = useLanguage();
  const { indicator } = view;
  const { value, low, high } = shown;
  const groups = Object.entries(chosen.groups).map(
    ([column, code]) => labelIn(view, column, code)?.[language] ?? code,
  );
  return (
    <Fact
      name={[upper(names(chosen.region)), ...groups, period(chosen.period, language)].join(", ")}
      class={broken ? "struck" : ""}
    >
      <strong>{value === null ? ".." : figure(indicator, value, language)}</strong>{" "}
      {low !== null && high !== null && range(indicator, low, high, language)}
    </Fact>
  );
}

type Of = {
  readonly release: string;
  readonly check: Check;
  readonly beside: Beside | null;
  readonly names: Names;
};

function Facts({ release, check: { result, state, when }, beside, names }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  const asOf = result?.kind === "seal" ? result.seal.asOf : null;
  return (
    <dl class="facts">
      {beside !== null && beside.view.indicator.produced.per === undefined && (
        <FigureFact beside={beside} names={names} broken={state === "broken"} />
      )}
      <Fact name={say.release} class="mono">
        {release.slice(7, 19)}…
      </Fact>
      {when > 0 && <Fact name={say.checked}>{moment(when, language)}</Fact>}
      {asOf !== null && <Fact name={say.asOf}>{moment(asOf * 1000, language)}</Fact>}
      {result?.kind === "seal" && (
        <Fact name={say.time}>
          {number(result.ms / 1000, 1, language)} {say.seconds}
        </Fact>
      )}
    </dl>
  );
}

export function SealHead({ lede, ...of }: Of & { readonly lede: string }) {
  const say = useSay(SAY);
  const { state, view, progress } = of.check;
  const title = {
    checked: say.holds,
    digest: say.digest,
    broken: say.broken,
    unchecked: say.unread,
    checking: say.checking,
    unread: say.unread,
  }[state];
  const mark = state === "checking" || state === "unread" ? "unchecked" : state;
  return (
    <div class="sealhead">
      <span class={`big ${mark === "checked" ? "ok" : mark === "broken" ? "bad" : "un"}`}>
        <SealMark state={mark} size={76} />
      </span>
      <div aria-live="polite" aria-busy={state === "checking"}>
        <Heading title={title} crumb={<Crumb view={view} />}>
          <p>{lede}</p>
        </Heading>
        {state === "checking" && <progress max={progress[1] || 1} value={progress[0]} aria-label={title} />}
      </div>
      <Facts {...of} />
    </div>
  );
}
