/** What the page and its worker say to each other. */
import type { Audit } from "../../../protocol/audit/audit.ts";
import type { Seal } from "../../../protocol/audit/seal.ts";
import type { LogEvent } from "../../../protocol/log/events.ts";
import type { OutsideSight } from "../../../protocol/log/quorum.ts";
import type { Envelope } from "../../../protocol/signing/envelope.ts";
import type { FigureAt } from "../../../publication/figure.ts";
import type { View } from "../../../publication/view.ts";

/** A figure of an indicator, by where it stands. */
export type IndicatorAt = FigureAt & { readonly indicator: string };

/** As it was signed, and the key that was made for it, with which what is given on it is read. */
export type SignedRequest = { readonly signed: Envelope; readonly own: Uint8Array };

export type FoundFigure = {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
};

export type Ask =
  | {
      readonly kind: "seal";
      readonly release: string;
      readonly directory1: string;
      readonly now: number;
      /** The table as the page was sent it, all of which is held to the release; and the figure that is looked at. */
      readonly view: View | null;
      readonly at: IndicatorAt | null;
      /** An auditor's request for the masked vectors behind the release's sum: good for one check. */
      readonly request: SignedRequest | null;
    }
  | { readonly kind: "audit"; readonly directory1: string; readonly now: number }
  | { readonly kind: "state"; readonly directory1: string; readonly now: number }
  /** The entries of a log before a place, or its latest. */
  | {
      readonly kind: "events";
      readonly directory1: string;
      readonly log: string;
      readonly before: number | null;
    };

/** As it is sent: a worker cannot see what its page was opened with. */
export type Asked = { readonly ask: Ask; readonly session: string | null };

/** How the logs stand: who has cosigned, and who has been silent. */
export type LogState = {
  readonly size: number;
  readonly cosigned: number;
  readonly least: number;
  readonly asOf: number | null;
  /** Witnesses from outside, and when each has cosigned. */
  readonly outside: readonly OutsideSight[];
  readonly regions: ReadonlyArray<{
    readonly code: string;
    readonly name: string;
    readonly size: number;
    readonly asOf: number | null;
    readonly sound: boolean;
  }>;
  readonly version: number;
};

export type Tell =
  | { readonly kind: "progress"; readonly done: number; readonly of: number }
  /** The plan is left out: it holds what cannot be sent, and `planned` says what is shown of it. */
  | {
      readonly kind: "seal";
      readonly seal: ShownSeal;
      readonly figure: FoundFigure | null;
      /** What of the page is not what the release says. */
      readonly unlike: readonly string[];
      readonly ms: number;
    }
  | { readonly kind: "audit"; readonly audit: Audit; readonly ms: number }
  | { readonly kind: "state"; readonly state: LogState }
  | {
      readonly kind: "events";
      readonly events: readonly LogEvent[];
      readonly size: number;
      readonly entries: readonly string[];
    }
  /** What kept it from being checked: nothing is said of the figure. */
  | { readonly kind: "failed"; readonly code: string; readonly says: string };

export type PlannedInWords = {
  readonly rho: string;
  readonly epsilon: number;
  readonly delta: string;
  readonly budget: string;
  readonly cells: number;
  readonly integers: number;
  readonly vectors: ReadonlyArray<{ readonly id: string; readonly variance: string }>;
  readonly words: Readonly<Record<"sv" | "en", string>>;
};

export type ShownSeal = Omit<Seal, "evidence"> & {
  readonly evidence:
    | (Omit<NonNullable<Seal["evidence"]>, "plan" | "dataset" | "table"> & {
        readonly planned: PlannedInWords;
        readonly figures: number;
      })
    | null;
};
