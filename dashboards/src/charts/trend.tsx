/** A figure over time: one stop of the keyboard, arrows move by period, and what is there is said. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { TrendChart } from "./plots.ts";

type Plots = typeof import("./plots.ts");
let drawing: Promise<Plots> | null = null;
export const loadDrawing = (): Promise<Plots> => (drawing ??= import("./plots.ts"));

/** The width an element has, as it changes. */
export function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, set] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => set(Math.floor(element.clientWidth)));
    observer.observe(element);
    set(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

/** Draws into a box whenever what is drawn changes. */
export function Drawing({
  draw,
  deps,
  onDrawn,
}: {
  readonly draw: (plots: Plots, width: number) => SVGSVGElement;
  readonly deps: readonly unknown[];
  readonly onDrawn?: (svg: SVGSVGElement) => void;
}) {
  const [ref, width] = useWidth();
  useEffect(() => {
    let current = true;
    if (width === 0) return;
    void loadDrawing().then((plots) => {
      if (!current || ref.current === null) return;
      performance.mark("brus:draw");
      const svg = draw(plots, width);
      svg.setAttribute("aria-hidden", "true");
      svg.removeAttribute("aria-label");
      ref.current.replaceChildren(svg);
      performance.measure("brus:drawn", "brus:draw");
      onDrawn?.(svg);
    });
    return () => {
      current = false;
    };
  }, [width, ...deps]);
  return <div ref={ref} class="drawing" />;
}

export function Trend({
  chart,
  said,
  label,
  at,
  onAt,
  onDrawn,
}: {
  readonly chart: Omit<TrendChart, "width">;
  /** What is said of each period. */
  readonly said: readonly string[];
  readonly label: string;
  readonly at: number;
  readonly onAt: (at: number) => void;
  readonly onDrawn?: (svg: SVGSVGElement) => void;
}) {
  const last = said.length - 1;
  const move = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onAt(Math.max(0, Math.min(last, to)));
  };
  return (
    <>
      <div
        class="trend"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at}
        aria-valuetext={said[at] ?? ""}
        onKeyDown={move}
      >
        <Drawing
          draw={({ drawTrend }, width) => drawTrend({ ...chart, width })}
          deps={[JSON.stringify(chart)]}
          {...(onDrawn === undefined ? {} : { onDrawn })}
        />
      </div>
      <p class="spoken quiet">{said[at]}</p>
    </>
  );
}
