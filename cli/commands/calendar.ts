/** `brus calendar …`, `brus release …`: what is released when; signed and approved like any query, run when its time has come. */
import type { Command } from "commander";
import { z } from "zod";
import type { Federation } from "../../protocol/federation/directory.ts";
import { openByPerson, openSigned } from "../../protocol/federation/openers.ts";
import { planIn } from "../../protocol/federation/planning.ts";
import {
  Calendar,
  CalendarDraft,
  chargesOf,
  checkSpending,
  queryOfEntry,
} from "../../protocol/plan/calendar.ts";
import { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { Envelope, envelopeId, payloadOf, seal } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { closedAt } from "../../protocol/values/period.ts";
import { format } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
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
} from "../client/ask.ts";
import { client, federationAt, type Out, partyOf, readBytes, writeText } from "../client/connect.ts";
import { type Addressed, seconds } from "./query.ts";

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

/** Each entry's query with its times: from when its periods are closed, unless the draft says. */
function queriesOf(
  draft: CalendarDraft,
  federation: Federation,
  requester: string,
  now: Date,
  patience: Patience,
): { queries: Query[]; aside: string | null } {
  const { indicators } = catalogueHere();
  const datasets = [...federation.datasets.values()].map(({ dataset }) => dataset);
  const { draft: bound, aside } = withPurpose({ purpose: draft.purpose });
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
    return fillQuery({ ...times, ...bound, ...base }, federation.hash, requester, now);
  });
  checkSpending(queries.map((query) => planIn(federation, query)));
  return { queries, aside };
}

/** Makes the queries of a calendar, signs them, and the list of them. Refuses one that overspends. */
export function signCalendar(
  draft: CalendarDraft,
  federation: Federation,
  party: Party,
  now: Date,
  patience: Patience = PATIENCE,
): SignedCalendar {
  const { queries, aside } = queriesOf(draft, federation, party.id, now, patience);
  const signed = queries.map((query) => signQuery(query, party.signer));
  const calendar: Calendar = {
    directory: federation.hash,
    requester: party.id,
    title: draft.title,
    indicators: catalogueHere().hash,
    entries: queries.map((query, at) => ({
      query: envelopeId(signed[at] ?? fail()),
      dataset: query.dataset,
      periods: query.periods,
      release: query.release,
      at: query.notBefore,
    })),
  };
  return { calendar: seal("calendar", calendar, party.signer), queries: signed, aside };
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

/** Approves every query of a calendar, until each of them has expired. */
export async function approveCalendar(
  to: Client,
  { queries }: SignedCalendar,
  party: Party,
  now: Date,
): Promise<void> {
  await Promise.all(
    queries.map((envelope) => {
      const { expires } = queryIn(envelope);
      return to("submitApproval", { body: signApproval(envelopeId(envelope), party, now, { expires }) });
    }),
  );
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

export function calendarCommands(program: Command, { say, wait, now }: Out): void {
  const calendar = program
    .command("calendar")
    .description("what is released when: check, sign, approve, hand in");
  const release = program.command("release").description("run and list standing releases");
  const sub = (under: Command, usage: string, description: string) =>
    under
      .command(usage)
      .description(description)
      .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
      .option("--directory <hash>", "pin the directory by its hash");
  const readDraft = (file: string) => parseWith(CalendarDraft, parseJson(readBytes(file)), "calendar");
  const readSigned = (file: string) =>
    parseWith(SignedCalendar, parseJson(readBytes(file)), "signed calendar");

  sub(
    calendar,
    "check <file>",
    "what a calendar would ask, in plain words, and what it would cost; touches no data",
  ).action(async (file: string, options: Addressed) => {
    const federation = await federationAt(options.coordinator, options.directory);
    const { queries } = queriesOf(readDraft(file), federation, "researcher", now(), PATIENCE);
    for (const query of queries) {
      const document = federation.datasets.get(query.dataset);
      say(
        `${query.title}, from ${query.notBefore}: ${document === undefined ? "" : inWords(query, document.dataset, "en")}`,
      );
    }
    say("Charged, by account and period:");
    for (const [account, rho] of chargesOf(queries.map((query) => planIn(federation, query))))
      say(`  ${account}  ρ = ${format(rho)}`);
  });

  sub(calendar, "sign <file>", "make a calendar's queries, sign them and the list of them")
    .requiredOption("--key <file>", "a key of purpose ask")
    .requiredOption("--out <file>", "where to write")
    .action(async (file: string, options: Addressed & { key: string; out: string }) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const signed = signCalendar(
        readDraft(file),
        federation,
        partyOf(federation, options.key, "ask"),
        now(),
      );
      writeText(options.out, JSON.stringify(signed));
      say(`${signed.queries.length} queries; calendar ${envelopeId(signed.calendar)}`);
    });

  sub(calendar, "submit <file>", "hand in a signed calendar with its queries").action(
    async (file: string, options: Addressed) => {
      const signed = readSigned(file);
      await submitCalendar(client(options.coordinator), signed);
      say(envelopeId(signed.calendar));
    },
  );

  sub(
    calendar,
    "approve <file>",
    "approve each query of a calendar by signature, after reading them in plain words",
  )
    .requiredOption("--key <file>", "a key of purpose approve")
    .action(async (file: string, options: Addressed & { key: string }) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const signed = readSigned(file);
      const { payload } = openByPerson(federation, signed.calendar, Calendar, now());
      if (payload.entries.map(({ query }) => query).join() !== signed.queries.map(envelopeId).join())
        throw new Refusal("schema-mismatch", "expected the very queries that the calendar lists");
      for (const envelope of signed.queries) {
        const query = queryIn(envelope);
        const document = federation.datasets.get(query.dataset);
        say(`${query.title}: ${document === undefined ? "" : inWords(query, document.dataset, "en")}`);
      }
      await approveCalendar(
        client(options.coordinator),
        signed,
        partyOf(federation, options.key, "approve"),
        now(),
      );
      say(`Approved: ${signed.queries.length} queries`);
    });

  sub(
    release,
    "run <file>",
    "hand in a signed calendar and follow all of it that is due; harmless when done twice",
  )
    .option("--wait <seconds>", "no longer than this", seconds)
    .action(async (file: string, options: Addressed & { wait?: number }) => {
      const signed = readSigned(file);
      const to = client(options.coordinator);
      await submitCalendar(to, signed);
      const limit = options.wait === undefined ? {} : { seconds: options.wait };
      for (const { query, status } of await runCalendar(to, signed, now(), { ...limit, onWait: wait })) {
        const missing =
          status?.regions.filter(({ state }) => state !== "answered").map(({ region }) => region) ?? [];
        const late = missing.length === 0 ? "" : `; missing: ${missing.join(", ")}`;
        say(
          `${query.title}: ${status === null ? `not before ${query.notBefore}` : `${status.state} ${status.release ?? status.reason ?? ""}${late}`}`,
        );
      }
    });

  sub(release, "ls", "what is released, and what is to come, by the calendars handed in").action(
    async (options: Addressed) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const to = client(options.coordinator);
      const { calendars } = await to("listCalendars");
      for (const envelope of calendars) {
        // Of a person whose key may have run out since: what it lists was judged when it came in.
        const { payload } = openSigned(federation, envelope, Calendar);
        say(`${payload.title.en} (${envelopeId(envelope)})`);
        for (const { query, dataset, periods, at } of payload.entries) {
          const status = await to("getQuery", { params: { id: query } });
          say(
            `  ${dataset} ${periods[0]}..${periods.at(-1)}, from ${at}: ${status.state} ${status.release ?? ""}`,
          );
        }
      }
    },
  );
}
