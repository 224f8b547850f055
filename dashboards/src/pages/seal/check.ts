/** The check of a seal: made in a worker, followed while it runs, and remembered beside the figure it is of. */
import { useEffect, useState } from "preact/hooks";
import { type Viewed, viewed } from "../../../../publication/view.ts";
import type { SealState } from "../../charts/marks.tsx";
import { rawTable } from "../../data.ts";
import { chosenIn } from "../../figures.ts";
import { remember } from "../../parts/seal.tsx";
import type { ShownSeal, SignedRequest, Tell } from "../../proof/messages.ts";
import { inWorker } from "../../proof/run.ts";

type Told = Extract<Tell, { kind: "seal" | "failed" }>;

const STATES = {
  holds: "checked",
  "by digest": "digest",
  broken: "broken",
  "not reached": "unchecked",
} as const;

export type CheckState = SealState | "checking" | "unread";

export type Check = {
  /** How it came out; null while it is made. */
  readonly result: Told | null;
  readonly state: CheckState;
  /** The table that the figure stands in; null where it is of none, or it is not to be had. */
  readonly view: Viewed | null;
  /** How many entries of the log were read, of how many. */
  readonly progress: readonly [number, number];
  /** When it was made; 0 before. */
  readonly when: number;
  /** Makes it anew. */
  readonly again: () => void;
  /** Makes it anew with an auditor's request for the masked vectors, which is good for this once. */
  readonly give: (request: SignedRequest) => void;
};

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

/** What was told, held to what the page itself shows. */
const judged = (told: Told): Told =>
  told.kind === "seal" && told.unlike.length > 0
    ? { ...told, seal: withForged(told.seal, told.unlike) }
    : told;

/** What is said beside the figure from now on. */
function rememberedState(result: Told, view: Viewed | null): SealState {
  if (result.kind === "failed") return "unchecked";
  const state = STATES[result.seal.state];
  // A rate is scaled by a number that is no release's: its seal stays open beside it, unless it is broken.
  const rate = view?.indicator.produced.per !== undefined && state !== "broken";
  return rate ? "unchecked" : state;
}

export function useCheck(release: string, query: URLSearchParams, directory1: string): Check {
  const [result, set] = useState<Told | null>(null);
  const [view, setView] = useState<Viewed | null>(null);
  const [progress, setProgress] = useState<readonly [number, number]>([0, 0]);
  const [round, setRound] = useState(0);
  const [request, give] = useState<SignedRequest | null>(null);
  const [when, setWhen] = useState(0);
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
        { kind: "seal", release, directory1, now: Date.now(), view: raw, at, request },
        (read, of) => setProgress([read, of]),
      );
      stop = end;
      const told = await done;
      if (gone || (told.kind !== "seal" && told.kind !== "failed")) return;
      const found = judged(told);
      set(found);
      setWhen(Date.now());
      if (name === null || own !== null)
        remember(release, name ?? "", rememberedState(found, own), Date.now());
    })();
    return () => {
      gone = true;
      stop();
    };
  }, [round, directory1, request]);
  const state =
    result === null ? "checking" : result.kind === "failed" ? "unread" : STATES[result.seal.state];
  const again = () => {
    give(null);
    setRound(round + 1);
  };
  return { result, state, view, progress, when, again, give };
}
