/**
 * What the coordinator stores: documents as they were signed, and where each query stands. No data of patients,
 * ever; nothing that is not signed by somebody else or derived from what is.
 */
import type { Store } from "../../server/database.ts";
import type { LogTables } from "../../server/log-tables.ts";
import { migrate } from "../../server/migrations.ts";
import { COORDINATOR_MIGRATIONS } from "./migrations.ts";

export type CoordinatorDatabase = {
  meta: { key: string; value: string };
  /** Versions of the directory after the first, as they were handed in (JSON), and their places in the log. */
  directory: { version: number; document: string; place: number };
  query: {
    id: string;
    envelope: string;
    title: string;
    /** The digest of its purpose. */
    purpose: string;
    received: string;
    /** `late`: released, and open still to regions that are missing. */
    state: "waiting" | "open" | "late" | "released" | "failed" | "declined" | "expired";
    reason: string | null;
    release: string | null;
    /** Its place in the log; null where none is kept. */
    place: number | null;
    /**
     * When it is to be looked at again unless something happens to it, in milliseconds; null where only an event can
     * change anything. Said by its last step.
     */
    due: bigint | null;
  };
  /** Where each document first stood in the log. */
  placed: { id: string; place: number };
  /** How many documents each person has added to the log on a day (UTC). */
  added: { person: string; day: string; documents: number };
  /** What stands beside the log by digest; null once it was erased. */
  aside: { id: string; text: string | null; erased: string | null };
  /** Some few a person, role, region and decision (`slot`); one gives way to another once it has expired. */
  approval: {
    query: string;
    slot: string;
    id: string;
    envelope: string;
    received: string;
    place: number | null;
  };
  /** Release calendars, as signed. */
  calendar: { id: string; envelope: string; received: string };
  /** Queries to put to the nodes once so much of the log is public. */
  announcement: { query: string; size: number };
  /** Of each log, the checkpoint that the world is shown, with the cosignatures of its quorum. */
  published: { log: string; size: number; checkpoint: string };
  /** What nodes are to read, in order; the cursor of a poll is the sequence. */
  work: { sequence: number; query: string };
  /** One row a query and region: a refusal may give way to an answer while the query is open; an answer stays. */
  answer: {
    query: string;
    region: string;
    kind: "answer" | "refusal";
    id: string;
    code: string | null;
    envelope: string;
  };
  /** Where a secure sum stands: one row a query. Sets are JSON lists of regions' codes, fixed when a phase begins. */
  round: {
    query: string;
    attempt: number;
    phase: "advertise" | "share" | "mask" | "agree" | "open";
    /** When the phase began, in milliseconds, or the process that is in it. */
    began: string;
    /** Counts all that comes and every step, so that a step that did not see the latest is not taken. */
    version: number;
    members: string;
    first: string | null;
    second: string | null;
    session: string | null;
    u2: string | null;
    survivors: string | null;
  };
  /** Signed messages of rounds; encrypted shares beside a commitment, as JSON. */
  message: {
    query: string;
    attempt: number;
    kind: string;
    node: string;
    id: string;
    envelope: string;
    boxes: string;
    /** How many pieces of a vector it binds. */
    pieces: number;
  };
  /** Pieces of masked vectors and of surplus noise, bound by hash in the message that `document` names. */
  chunk: { document: string; place: number; bytes: Uint8Array };
  /**
   * Auditors' requests for what stands behind a secure sum, as signed: each was answered once. `word` is the hash of what
   * pieces are asked for by; null of requests from before there was one.
   */
  request: { id: string; release: string; envelope: string; received: string; word: string | null };
  release: {
    id: string;
    query: string;
    /** 1, and one more for each that regions who came late made. */
    version: number;
    envelope: string;
    /** How many regions' own answers it adds up. */
    answers: number;
    cells: string;
    sum: string | null;
    place: number | null;
  };
  /** Where each node's ledger stands, as it signed it: for everyone. */
  budget: { node: string; sequence: number; time: string; envelope: string };
  /** Of each node's polls, the latest second that it signed one in, and the ids of those (JSON): they and all earlier are spent. */
  poll: { node: string; time: string; ids: string };
} & LogTables;

export type CoordinatorStore = Store<CoordinatorDatabase>;

/** Makes the tables, or brings those of an earlier version of the program to this one's shape. */
export const prepareCoordinator = (store: CoordinatorStore): Promise<void> =>
  migrate(store, COORDINATOR_MIGRATIONS);
