/** The signs every page shares: filled is certain, open is not; a shape for each verdict; the seal. Colour never speaks alone. */
import type { Verdict as Judged } from "../../../publication/intervals.ts";
import { useSay } from "../language.ts";
import { SEAL_EDGE } from "./seal-edge.ts";

/** How a figure is marked that was held against another, or was not. */
export type Tone = Judged | "not compared";
export const toneOf = (verdict: Judged | null): Tone => verdict ?? "not compared";

/** What a tone is called in class names. */
const CLASSES: Readonly<Record<Tone, string>> = {
  better: "better",
  worse: "worse",
  differs: "differs",
  "no certain difference": "none",
  "not compared": "uncompared",
};
export const toneClass = (of: "v" | "i" | "m", tone: Tone): string => `${of}-${CLASSES[tone]}`;
export const tileClass = (tone: Tone): string => CLASSES[tone];

/** The sign of a verdict about (0, 0): a disc is better, a diamond worse, a square differs, a ring is not certain, a bar is not compared. */
export const SHAPES: Readonly<Record<Tone, string>> = {
  better: "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0Z",
  worse: "M0 -7.2L7.2 0L0 7.2L-7.2 0Z",
  differs: "M-5 -5H5V5H-5Z",
  "no certain difference": "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0Z",
  "not compared": "M-1.5 -7H1.5V7H-1.5Z",
};

export function Mark({ tone, unsure = false }: { readonly tone: Tone; readonly unsure?: boolean }) {
  const dashed = unsure && tone === "no certain difference" ? " dashed" : "";
  return <path d={SHAPES[tone]} class={`${toneClass("m", tone)}${dashed}`} />;
}

/** The sign in a line of text, which says in words what it stands for. */
export function MarkIcon({
  tone,
  size = 11,
  unsure = false,
}: {
  readonly tone: Tone;
  readonly size?: number;
  readonly unsure?: boolean;
}) {
  return (
    <svg width={size} height={size} viewBox="-8 -8 16 16" aria-hidden="true">
      <Mark tone={tone} unsure={unsure} />
    </svg>
  );
}

export const VERDICTS = {
  sv: {
    better: "Säkert bättre",
    worse: "Säkert sämre",
    differs: "Skiljer sig säkert",
    "no certain difference": "Ingen säker skillnad",
    "not compared": "Kan inte jämföras",
  },
  en: {
    better: "Certainly better",
    worse: "Certainly worse",
    differs: "Certainly different",
    "no certain difference": "No certain difference",
    "not compared": "Cannot be compared",
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
    <span class={`v ${toneClass("v", tone)}`}>
      <MarkIcon tone={tone} size={14} unsure={unsure ?? false} />
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
