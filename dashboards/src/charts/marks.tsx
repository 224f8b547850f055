/** The signs every page shares: filled is certain, open is not; a shape for each verdict; the seal. Colour never speaks alone. */
import type { Verdict as Word } from "../../../publication/intervals.ts";
import { useSay } from "../language.ts";
import { SEAL_EDGE } from "./seal-edge.ts";

/** Better, worse, no certain difference, different; `x` is nothing that could be compared. */
export type Tone = "b" | "w" | "n" | "d" | "x";
export const toneOf = (verdict: Word | null): Tone =>
  verdict === null
    ? "x"
    : verdict === "better"
      ? "b"
      : verdict === "worse"
        ? "w"
        : verdict === "differs"
          ? "d"
          : "n";

/** The sign of a verdict about (0, 0): a disc is better, a diamond worse, a square differs, a ring is not certain, a bar is not compared. */
export function Mark({ tone, unsure = false }: { readonly tone: Tone; readonly unsure?: boolean }) {
  if (tone === "b") return <circle r={6} class="m-b" />;
  if (tone === "w") return <path d="M0 -7.2L7.2 0L0 7.2L-7.2 0Z" class="m-w" />;
  if (tone === "d") return <path d="M-5 -5H5V5H-5Z" class="m-k" />;
  if (tone === "x") return <path d="M-1.5 -7H1.5V7H-1.5Z" class="m-x" />;
  return <circle r={5.5} class={unsure ? "m-n dashed" : "m-n"} />;
}

export const VERDICTS = {
  sv: {
    b: "Säkert bättre",
    w: "Säkert sämre",
    n: "Ingen säker skillnad",
    d: "Skiljer sig säkert",
    x: "Kan inte jämföras",
  },
  en: {
    b: "Certainly better",
    w: "Certainly worse",
    n: "No certain difference",
    d: "Certainly different",
    x: "Cannot be compared",
  },
};

export function Verdict({
  tone,
  text,
  unsure,
}: {
  readonly tone: Tone;
  readonly text?: string | undefined;
  readonly unsure?: boolean | undefined;
}) {
  const say = useSay(VERDICTS);
  return (
    <span class={`v v-${tone}`}>
      <svg width="14" height="14" viewBox="-8 -8 16 16" aria-hidden="true">
        <Mark tone={tone} unsure={unsure ?? false} />
      </svg>
      {text ?? say[tone]}
    </span>
  );
}

export type SealState = "unchecked" | "checked" | "digest" | "broken";

/** Solid with a tick: checked here; open with a tick: by digest; open: not checked; split: broken. */
export function SealMark({ state, size = 20 }: { readonly state: SealState; readonly size?: number }) {
  const tick = "M-4.6 .4L-1.4 3.6L4.8 -3.4";
  return (
    <svg width={size} height={size} viewBox="-12 -12 24 24" aria-hidden="true">
      {state === "checked" || state === "broken" ? (
        <path d={SEAL_EDGE} fill="currentColor" />
      ) : (
        <path d={SEAL_EDGE} fill="none" stroke="currentColor" stroke-width="1.8" />
      )}
      {state === "checked" && <path d={tick} class="cut" stroke-width="2.2" />}
      {state === "digest" && (
        <path d={tick} fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" />
      )}
      {state === "broken" && (
        <path d="M1.5 -12.5L-2.2 -4.5L2.6 -.5L-2 5L.8 12.5" class="cut" stroke-width="2.6" />
      )}
    </svg>
  );
}

/** Brus's own mark: an interval with its value. */
export function Logo() {
  return (
    <svg width="34" height="22" viewBox="0 0 34 22" aria-hidden="true">
      <path d="M1 11H33" class="logo-line" />
      <path d="M6.5 11H27.5" class="logo-bar" />
      <circle cx="19.5" cy="11" r="5" class="logo-dot" />
    </svg>
  );
}
