/**
 * What every part of the coordinator works with, and how it reads again what was stored: each document parsed anew, as
 * if it came from outside.
 */
import type { Federation } from "../protocol/federation/directory.ts";
import { Query } from "../protocol/question/query.ts";
import { Release } from "../protocol/release/release.ts";
import { Envelope, payloadOf } from "../protocol/signing/envelope.ts";
import { parseJson } from "../protocol/values/json.ts";
import { parseWith } from "../protocol/values/refusal.ts";
import type { Logs } from "./log/logs.ts";
import type { CoordinatorStore } from "./store/database.ts";

export type Context = {
  /** The version of the directory in force. */
  readonly federation: () => Federation;
  readonly store: CoordinatorStore;
  readonly now: () => Date;
  /** Where that version stands in the log. */
  readonly directoryPlace: () => number;
  /** Null where the federation keeps no logs. */
  readonly logs: Logs | null;
};

/** What was verified when it was taken in. */
export const storedQuery = (envelope: string): Query => payloadOf(Query, storedEnvelope(envelope));

export const storedRelease = (envelope: string): Release => payloadOf(Release, storedEnvelope(envelope));

export const storedEnvelope = (text: string): Envelope =>
  parseWith(Envelope, parseJson(text), "stored envelope");
