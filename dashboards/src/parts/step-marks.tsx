/** Marks of a seal's steps: a disc that holds, a ring that is not checked, a square that is broken; and one square a region. */
import type { SealStep } from "../../../protocol/audit/seal.ts";

export function StepMark({ state }: { readonly state: SealStep["state"] }) {
  return (
    <svg width="26" height="26" viewBox="-13 -13 26 26" aria-hidden="true">
      {state === "fails" ? (
        <>
          <rect x="-11.5" y="-11.5" width="23" height="23" class="g-bad" />
          <path d="M-5 -5L5 5M5 -5L-5 5" class="cut" stroke-width="2.6" />
        </>
      ) : (
        <>
          <circle r={state === "holds" ? 12 : 11} class={state === "holds" ? "g-ok" : "g-un"} />
          {state === "holds" && <path d="M-5 .5L-1.4 4L5.2 -3.8" class="cut" stroke-width="2.4" />}
        </>
      )}
    </svg>
  );
}

/** One square a region; a bar where so many are needed. */
export function Squares({
  done,
  of,
  needed,
}: {
  readonly done: number;
  readonly of: number;
  readonly needed: number | null;
}) {
  const side = 16;
  return (
    <svg width={of * (side + 3)} height={side + 4} aria-hidden="true" class="squares">
      {Array.from({ length: of }, (_, at) => (
        <rect
          key={at}
          x={at * (side + 3) + 1}
          y={2}
          width={side - 1}
          height={side - 1}
          class={at < done ? "okb" : "openb"}
        />
      ))}
      {needed !== null && (
        <line class="needed" x1={needed * (side + 3) - 1} x2={needed * (side + 3) - 1} y1={0} y2={side + 4} />
      )}
    </svg>
  );
}
