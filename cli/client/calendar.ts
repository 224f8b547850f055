/** A calendar of standing releases: made from a draft, signed with its queries, handed in, approved, and run when its time has come. */

import { z } from "zod";
import type { Fill } from "../../node/random.ts";
import { checkSpending } from "../../protocol/federation/accounts.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { type Calendar, type CalendarDraft, queryOfEntry } from "../../protocol/plan/calendar.ts";
import { Query } from "../../protocol/question/query.ts";
import { Envelope, envelopeId, payloadOf, signDocument } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { instant } from "../../protocol/values/names.ts";
import { closedAt } from "../../protocol/values/period.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import {
  ask,
  type Following,
  fillQuery,
  follow,
  type Party,
  signApproval,
  signQuery,
  withPurpose,
} from "./ask.ts";

/** A calendar and its queries, as signed, with the words of their purpose. */
export const SignedCalendar = z.strictObject({
  calendar: Envelope,
  queries: z.array(Envelope).min(1).max(200),
  aside: z.string().max(10_000).nullable(),
});
export type SignedCalendar = z.infer<typeof SignedCalendar>;

const DAY = 24 * 3600 * 1000;

/** How long a release waits for regions, and how long after it they may still come. */
export type Patience = { readonly answer: number; readonly late: number };
const PATIENCE: Patience = { answer: 7 * DAY, late: 60 * DAY };

/** When a calendar is asked, and where its queries' nonces are drawn from. */
export type Asking = { readonly now: Date; readonly random: Fill };

/**
 * Each entry's query with its times: from when its periods are closed, unless the draft says. Refuses a calendar that
 * overspends.
 */
export function queriesOf(
  draft: CalendarDraft,
  federation: Federation,
  requester: string,
  { now, random }: Asking,
  patience: Patience = PATIENCE,
): { queries: Query[]; aside: string | null } {
  const { indicators } = catalogueHere();
  const datasets = [...federation.datasets.values()].map(({ dataset }) => dataset);
  const { draft: bound, aside } = withPurpose({ purpose: draft.purpose }, random);
  const queries = draft.entries.map((entry) => {
    const base = queryOfEntry(entry, datasets, indicators);
    const document = federation.datasets.get(entry.dataset);
    if (document === undefined) throw new Refusal("dataset-unknown", `expected ${entry.dataset}`);
    const { period: kind, graceDays } = document.dataset;
    const closed = Math.max(...entry.periods.map((period) => closedAt(kind, period, graceDays).getTime()));
    // A minute back, where nothing is waited for: clocks differ.
    const notBefore = closed > now.getTime() ? closed : now.getTime() - 60_000;
    const from = Math.max(closed, now.getTime());
    const answerBy = instant(new Date(from + patience.answer));
    const late = entry.release === "regions" ? patience.late : 0;
    const times = {
      notBefore: instant(new Date(notBefore)),
      answerBy,
      expires: instant(new Date(from + patience.answer + late)),
    };
    return fillQuery({ ...times, ...bound, ...base }, federation.hash, requester, now, random);
  });
  checkSpending(
    federation,
    queries.map((query) => planIn(federation, query)),
    { requester },
  );
  return { queries, aside };
}

/** Makes the queries of a calendar, signs them, and the list of them. Refuses one that overspends. */
export const signCalendar = (
  draft: CalendarDraft,
  federation: Federation,
  party: Party,
  asking: Asking,
  patience: Patience = PATIENCE,
): SignedCalendar =>
  signQueries(draft.title, queriesOf(draft, federation, party.id, asking, patience), federation, party);

/** Signs the queries that were made of a draft, and the list of them. */
export function signQueries(
  title: CalendarDraft["title"],
  { queries, aside }: ReturnType<typeof queriesOf>,
  federation: Federation,
  party: Party,
): SignedCalendar {
  const signed = queries.map((query) => signQuery(query, party.signer));
  const calendar: Calendar = {
    directory: federation.hash,
    requester: party.id,
    title,
    indicators: catalogueHere().hash,
    entries: queries.map((query, at) => ({
      query: envelopeId(signed[at] ?? fail()),
      dataset: query.dataset,
      periods: query.periods,
      release: query.release,
      at: query.notBefore,
    })),
  };
  return { calendar: signDocument("calendar", calendar, party.signer), queries: signed, aside };
}

const fail = (): never => {
  throw new RangeError("expected a query for each entry");
};

/** Hands in the queries and the calendar; harmless when done twice. Gives the queries' ids. */
export async function submitCalendar(
  to: Client,
  { calendar, queries, aside }: SignedCalendar,
): Promise<Hash[]> {
  const ids = await Promise.all(queries.map((query) => ask(to, query, [], aside)));
  await to("submitCalendar", { body: calendar });
  return ids;
}

/** An approval of every query of a calendar, until each of them has expired. */
export const approvalsOf = ({ queries }: SignedCalendar, party: Party, now: Date): Envelope[] =>
  queries.map((envelope) =>
    signApproval(envelopeId(envelope), party, now, { expires: queryIn(envelope).expires }),
  );

/** Signs them and hands them in. */
export async function approveCalendar(
  to: Client,
  signed: SignedCalendar,
  party: Party,
  now: Date,
): Promise<void> {
  await Promise.all(approvalsOf(signed, party, now).map((body) => to("submitApproval", { body })));
}

/** What a signed query says, by whomever it was signed. */
export const queryIn = (envelope: Envelope): Query => payloadOf(Query, envelope);

/** Follows every query of a calendar whose time has come to its end, however slow the regions are. */
export async function runCalendar(
  to: Client,
  { queries }: SignedCalendar,
  now: Date,
  { onWait = () => undefined, ...following }: Following = {},
): Promise<Array<{ readonly query: Query; readonly status: QueryStatus | null }>> {
  return await Promise.all(
    queries.map(async (envelope) => {
      const query = queryIn(envelope);
      if (query.notBefore > instant(now)) return { query, status: null };
      const told = { ...following, onWait: (line: string) => onWait(`${query.title}: ${line}`) };
      return { query, status: await follow(to, envelopeId(envelope), told) };
    }),
  );
}
