/** `brus calendar …`, `brus release …`: what is released when; signed and approved like any query, run when its time has come. */

import type { Command } from "commander";
import { systemRandom } from "../../node/random.ts";
import { chargesOf } from "../../protocol/federation/accounts.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { openByPerson, openQuery, openSigned } from "../../protocol/federation/openers.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { Calendar, CalendarDraft } from "../../protocol/plan/calendar.ts";
import type { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { envelopeId } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { format } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { decide } from "../../protocol/wire/decide.ts";
import { type Recorded, recorded } from "../../protocol/wire/recorded.ts";
import { lookingFor } from "../client/ask.ts";
import {
  type Asking,
  approvalsOf,
  queriesOf,
  runCalendar,
  SignedCalendar,
  signQueries,
  submitCalendar,
} from "../client/calendar.ts";
import { type Out, partyOf, readBytes, writeText } from "../client/connect.ts";
import { recordedText } from "../client/print.ts";
import { consent, federationText, questionText } from "../client/shown-question.ts";
import { client, federationAt, purposeAt } from "./connections.ts";
import { type Addressed, addressed, seconds, WAIT, YES } from "./options.ts";

const asking = (now: () => Date): Asking => ({ now: now(), random: systemRandom });

type Sign = Addressed & { readonly key: string; readonly out: string; readonly yes?: boolean };
type Approve = Addressed & { readonly key: string; readonly yes?: boolean; readonly wait: number };
type Run = Addressed & { readonly wait?: number };

export function calendarCommands(program: Command, out: Out): void {
  const calendar = program
    .command("calendar")
    .description("what is released when: check, sign, approve, hand in");
  const sub = (usage: string, description: string) =>
    addressed(calendar.command(usage).description(description));

  sub(
    "check <file>",
    "what a calendar would ask, in plain words, and what it would cost; touches no data",
  ).action((file: string, options: Addressed) => checkFile(file, options, out));

  sub("sign <file>", "make a calendar's queries, sign them and the list of them")
    .requiredOption("--key <file>", "a key of purpose ask")
    .requiredOption("--out <file>", "where to write")
    .option("--yes", YES)
    .action((file: string, options: Sign) => signFile(file, options, out));

  sub("submit <file>", "hand in a signed calendar with its queries").action(
    (file: string, options: Addressed) => submitFile(file, options, out),
  );

  sub("approve <file>", "approve each query of a calendar by signature, after reading them in plain words")
    .requiredOption("--key <file>", "a key of purpose approve")
    .option("--yes", YES)
    .option("--wait <seconds>", WAIT, seconds, 60)
    .action((file: string, options: Approve) => approveFile(file, options, out));

  releaseCommands(program, out);
}

function releaseCommands(program: Command, out: Out): void {
  const release = program.command("release").description("run and list standing releases");
  const sub = (usage: string, description: string) =>
    addressed(release.command(usage).description(description));

  sub("run <file>", "hand in a signed calendar and follow all of it that is due; harmless when done twice")
    .option("--wait <seconds>", "no longer than this", seconds)
    .action((file: string, options: Run) => runFile(file, options, out));

  sub("ls", "what is released, and what is to come, by the calendars handed in").action(
    (options: Addressed) => listReleases(options, out),
  );
}

const readDraft = (file: string) => parseWith(CalendarDraft, parseJson(readBytes(file)), "calendar");
const readSigned = (file: string) => parseWith(SignedCalendar, parseJson(readBytes(file)), "signed calendar");

/** What a query asks, in plain words; nothing where its dataset is not known. */
function wordsOf(query: Query, { datasets }: Federation): string {
  const document = datasets.get(query.dataset);
  return document === undefined ? "" : inWords(query, document.dataset, "en");
}

/** `brus calendar check` */
async function checkFile(file: string, options: Addressed, { say, now }: Out): Promise<void> {
  const federation = await federationAt(options.coordinator, options.directory);
  const { queries } = queriesOf(readDraft(file), federation, "researcher", asking(now));
  for (const query of queries) say(`${query.title}, from ${query.notBefore}: ${wordsOf(query, federation)}`);
  say(chargedText(federation, queries, "researcher"));
}

/** What all of a calendar comes to, on each account. */
function chargedText(federation: Federation, queries: readonly Query[], requester: string): string {
  const plans = queries.map((query) => planIn(federation, query));
  const charges = chargesOf(federation, plans, { requester, compartment: "calendar" });
  return [
    "Charged, by account and period:",
    ...charges.map(
      ({ account, period, rho, ceiling }) =>
        `  ${account} ${period}  ρ = ${format(rho)} of ${format(ceiling)}`,
    ),
  ].join("\n");
}

/** All of a calendar: each question, what they come to, and by which directory. */
const calendarText = (
  federation: Federation,
  queries: readonly Query[],
  requester: string,
  purpose: (query: Query) => string,
): string =>
  [
    ...queries.map((query) => `${questionText(federation, query, purpose(query))}\n`),
    chargedText(federation, queries, requester),
    federationText(federation, queries),
  ].join("\n");

/** `brus calendar sign`: makes the queries, shows all of them, asks, and signs. */
async function signFile(file: string, options: Sign, out: Out): Promise<void> {
  const { say, now } = out;
  const federation = await federationAt(options.coordinator, options.directory);
  const party = partyOf(federation, options.key, "ask", out.opening);
  const draft = readDraft(file);
  const made = queriesOf(draft, federation, party.id, asking(now));
  say(calendarText(federation, made.queries, party.id, () => draft.purpose));
  await consent(out, options.yes, `Sign all ${made.queries.length} of them as ${party.id}?`);
  const signed = signQueries(draft.title, made, federation, party);
  writeText(options.out, JSON.stringify(signed));
  say(`${signed.queries.length} queries; calendar ${envelopeId(signed.calendar)}`);
}

/** `brus calendar submit` */
async function submitFile(file: string, { coordinator }: Addressed, { say }: Out): Promise<void> {
  const signed = readSigned(file);
  await submitCalendar(client(coordinator), signed);
  say(envelopeId(signed.calendar));
}

/** `brus calendar approve`: opens calendar and questions under the pinned directory, shows all, asks, and signs. */
async function approveFile(file: string, options: Approve, out: Out): Promise<void> {
  const { say, now, wait } = out;
  const federation = await federationAt(options.coordinator, options.directory);
  const signed = readSigned(file);
  const { payload } = openByPerson(federation, signed.calendar, Calendar, now());
  if (payload.entries.map(({ query }) => query).join() !== signed.queries.map(envelopeId).join())
    throw new Refusal("schema-mismatch", "expected the very queries that the calendar lists");
  const asked = signed.queries.map((query) => openQuery(federation, query, now()));
  if (asked.some(({ requester }) => requester !== payload.requester))
    throw new Refusal("schema-mismatch", "expected queries that are asked by whoever signed the calendar");
  const purposes = await purposesOf(
    asked.map(({ query }) => query),
    options.coordinator,
  );
  const queries = asked.map(({ query }) => query);
  say(calendarText(federation, queries, payload.requester, ({ purpose }) => purposes.get(purpose) ?? ""));
  const approver = partyOf(federation, options.key, "approve", out.opening);
  await consent(out, options.yes, `Approve all ${queries.length} of them as ${approver.id}?`);
  const to = client(options.coordinator);
  const standing = await Promise.all(
    approvalsOf(signed, approver, now()).map((each) => decide(to, federation, each, now())),
  );
  const again = lookingFor(options.wait, wait);
  // One after another: once the last is public, so are the others.
  let last: Recorded | null = null;
  for (const envelope of standing) last = await recorded(to, federation, "approval", envelope, again);
  say(`Approved: ${queries.length} queries. The last of them:\n${recordedText(last)}`);
}

/** The words of each purpose that these name. */
async function purposesOf(queries: readonly Query[], address: string): Promise<Map<Hash, string>> {
  const named = [...new Set(queries.map(({ purpose }) => purpose))];
  return new Map(await Promise.all(named.map(async (id) => [id, await purposeAt(address, id)] as const)));
}

/** `brus release run` */
async function runFile(file: string, options: Run, { say, wait, now }: Out): Promise<void> {
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
}

/** `brus release ls` */
async function listReleases({ coordinator, directory }: Addressed, { say }: Out): Promise<void> {
  const federation = await federationAt(coordinator, directory);
  const to = client(coordinator);
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
}
