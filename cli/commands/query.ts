/** `brus query …`: check a question before asking, sign it, approve it, hand it in, follow it, read the result. */

import { type Command, Option } from "commander";
import { z } from "zod";
import { systemRandom } from "../../node/random.ts";
import { compartmentOf } from "../../protocol/federation/accounts.ts";
import { checkDecision } from "../../protocol/federation/approvals.ts";
import { readAside } from "../../protocol/federation/aside.ts";
import { checkEnough, type Federation } from "../../protocol/federation/directory.ts";
import { openApproval, openQuery } from "../../protocol/federation/openers.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { checkClosed, type Plan } from "../../protocol/plan/plan.ts";
import { Approval } from "../../protocol/question/approval.ts";
import type { Query } from "../../protocol/question/query.ts";
import { Envelope, envelopeId, payloadOf } from "../../protocol/signing/envelope.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import type { Language } from "../../protocol/values/language.ts";
import { parseWith, REFUSALS, Refusal } from "../../protocol/values/refusal.ts";
import { ledgersIn } from "../../protocol/wire/budgets.ts";
import { decide } from "../../protocol/wire/decide.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { recorded } from "../../protocol/wire/recorded.ts";
import type { QueryStatus } from "../../protocol/wire/routes.ts";
import { ask, fillQuery, follow, lookingFor, signApproval, signQuery, withPurpose } from "../client/ask.ts";
import { type Out, partyOf, readBytes, writeText } from "../client/connect.ts";
import { checkReport, checkText } from "../client/price.ts";
import { csvOf, type Format, recordedText, resultText, tableOf } from "../client/print.ts";
import { barOf } from "../client/progress.ts";
import { recompute } from "../client/recompute.ts";
import { boundIn, consent, decidedText, federationText, questionText } from "../client/shown-question.ts";
import { waitsFor } from "../client/waits-for.ts";
import { client, federationAt, purposeAt } from "./connections.ts";
import { type Addressed, addressed, seconds, WAIT, YES } from "./options.ts";

/** A signed query in a file, with the words of its purpose. */
const SignedQuery = z.strictObject({ query: Envelope, aside: z.string().max(10_000).nullable() });
type SignedQuery = z.infer<typeof SignedQuery>;

function planned(federation: Federation, query: Query, now: Date): Plan {
  const plan = planIn(federation, query);
  checkClosed(plan, now);
  checkEnough(federation, query);
  return plan;
}

/** A query's payload from a file, as a draft or already signed; with its id, if it is. */
function readDraft(
  path: string,
  federation: Federation,
  now: Date,
  requester = "researcher",
): { readonly id: Hash | null; readonly query: Query } {
  const value = parseJson(readBytes(path));
  const signed = SignedQuery.safeParse(value);
  const envelope = signed.success ? signed.data.query : Envelope.safeParse(value).data;
  if (envelope !== undefined) return openQuery(federation, envelope, now);
  const query = fillQuery(value, federation.hash, requester, now, systemRandom);
  boundIn(federation, query);
  return { id: null, query };
}

type ForMachines = Addressed & { readonly json?: boolean };
type Check = ForMachines & { readonly language: Language; readonly as?: string };
type Sign = ForMachines & { readonly key: string; readonly out?: string; readonly yes?: boolean };
type Approve = ForMachines & {
  readonly key: string;
  readonly role: string;
  readonly region?: string;
  readonly decline?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly wait: number;
};
type ShowResult = ForMachines & {
  readonly format: Format;
  readonly language: Language;
  readonly wait: number;
};

export function queryCommands(program: Command, out: Out): void {
  const query = program.command("query").description("check, sign, approve, submit and follow questions");
  const sub = (usage: string, description: string) =>
    addressed(query.command(usage).description(description)).option("--json", "for machines");
  const inLanguage = (of: string) =>
    new Option("--language <language>", of).choices(["sv", "en"]).default("en");

  sub(
    "check <file>",
    "the question in plain words, its cost, what remains, and the error to expect; touches no data",
  )
    .addOption(inLanguage("of the words"))
    .option("--as <id>", "who is to ask, where it is not signed yet: what is left of their part of a year")
    .action((file: string, options: Check) => checkQuery(file, options, out));

  sub("sign <file>", "fill in what the file leaves out, sign it, and write it with its purpose beside it")
    .requiredOption("--key <file>", "a key of purpose ask")
    .option("--out <file>", "where to write (standard output unless said)")
    .option("--yes", YES)
    .action((file: string, options: Sign) => signFile(file, options, out));

  sub("approve <id>", "approve (or decline) a submitted query by signature, after reading it in plain words")
    .requiredOption("--key <file>", "a key of purpose approve")
    .option("--role <role>", "in which role", "approver")
    .option("--region <code>", "for one region instead of all")
    .option("--decline", "decline instead")
    .option("--reason <text>", "why: in the log, for everyone and for ever")
    .option("--yes", YES)
    .option("--wait <seconds>", WAIT, seconds, 60)
    .action((id: string, options: Approve) => approveQuery(id, options, out));

  sub("submit <file>", "hand in a signed query").action((file: string, options: ForMachines) =>
    submitQuery(file, options, out),
  );

  sub("status <id>", "where a query stands").action((id: string, options: ForMachines) =>
    showStatus(id, options, out),
  );

  sub("result <id>", "the release, checked against the nodes' own answers")
    .addOption(
      new Option("--format <format>", "how").choices(["table", "json", "csv", "jsonstat"]).default("table"),
    )
    .addOption(inLanguage("of jsonstat's words"))
    .option("--wait <seconds>", "wait so long for it", seconds, 0)
    .action((id: string, options: ShowResult) => showResult(id, options, out));

  sub("recompute <id>", "for auditors: add a national release up anew from the masked vectors behind it")
    .requiredOption("--key <file>", "a key of purpose audit")
    .action((id: string, options: ForMachines & { readonly key: string }) =>
      recomputeRelease(id, options, out),
    );
}

/** `brus query check` */
async function checkQuery(file: string, options: Check, { say, now }: Out): Promise<void> {
  const federation = await federationAt(options.coordinator, options.directory);
  const { id, query: draft } = readDraft(file, federation, now(), options.as);
  const to = client(options.coordinator);
  const [{ budgets }, { calendars }] = [await to("getBudgets"), await to("listCalendars")];
  const plan = planned(federation, draft, now());
  const { requester } = draft;
  const compartment = compartmentOf(federation, { id, requester }, plan.dataset, calendars, now());
  const { language } = options;
  const ledgers = ledgersIn(federation, budgets);
  const report = checkReport(federation, draft, plan, { requester, compartment, ledgers, language });
  say(options.json === true ? JSON.stringify(report) : checkText(report, plan));
}

/** `brus query sign`: shows what is signed, and asks. */
async function signFile(file: string, { key, out, yes, ...at }: Sign, to: Out): Promise<void> {
  const { say, now, opening } = to;
  const federation = await federationAt(at.coordinator, at.directory);
  const party = partyOf(federation, key, "ask", opening);
  const { draft: bound, aside } = withPurpose(parseJson(readBytes(file)), systemRandom);
  const draft = fillQuery(bound, federation.hash, party.id, now(), systemRandom);
  planned(federation, draft, now());
  const purpose = aside === null ? await purposeAt(at.coordinator, draft.purpose) : textOf(aside);
  const show = out === undefined || at.json === true ? to.tell : say;
  show(`${questionText(federation, draft, purpose)}\n${federationText(federation, [draft])}`);
  await consent(to, yes, `Sign it as ${party.id}?`);
  const envelope = signQuery(draft, party.signer);
  const signed = JSON.stringify({ query: envelope, aside } satisfies SignedQuery);
  if (out === undefined) return say(signed);
  writeText(out, signed);
  say(at.json === true ? JSON.stringify({ id: envelopeId(envelope) }) : envelopeId(envelope));
}

const textOf = (aside: string): string => {
  const read = readAside(aside);
  return read.of === "purpose" ? read.text : "";
};

/**
 * `brus query approve`: opens the question under the pinned directory, shows all that is decided on, asks, signs, and
 * says "recorded" once that is proved.
 */
async function approveQuery(id: string, options: Approve, out: Out): Promise<void> {
  const { now, wait } = out;
  const federation = await federationAt(options.coordinator, options.directory);
  const to = client(options.coordinator);
  const hash = parseWith(Hash, id, "id", "usage");
  const status = await to("getQuery", { params: { id: hash } });
  if (envelopeId(status.query) !== hash)
    throw new Refusal("signature-invalid", "expected the query that was asked for");
  // Its signer, their role and its version are judged before a word of it is shown.
  const asked = openQuery(federation, status.query, now());
  const { role, region = "all" } = options;
  const decision = options.decline === true ? "decline" : "approve";
  const show = options.json === true ? out.tell : out.say;
  show(
    [
      questionText(federation, asked.query, await purposeAt(options.coordinator, asked.query.purpose)),
      federationText(federation, [asked.query]),
      decidedText(federation, asked, status.approvals, now()),
    ].join("\n"),
  );
  const party = partyOf(federation, options.key, "approve", out.opening);
  checkDecision(federation, asked, { person: party.id, approval: { region } });
  const where = region === "all" ? "for all regions" : `for region ${region}`;
  await consent(
    out,
    options.yes,
    `${decision === "approve" ? "Approve" : "Decline"} it as ${party.id}, in the role ${role}, ${where}?`,
  );
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const signed = signApproval(hash, party, now(), { role, region, decision, ...reason });
  // As regions will: what they would not count is not handed in.
  openApproval(federation, signed, now());
  const envelope = await decide(to, federation, signed, now());
  const found = await recorded(to, federation, "approval", envelope, lookingFor(options.wait, wait));
  const stands = envelopeId(envelope);
  const before =
    stands === envelopeId(signed)
      ? ""
      : ` (as before: it stands already, until ${payloadOf(Approval, envelope).expires})`;
  out.say(
    options.json === true
      ? JSON.stringify({ id: stands, recorded: found })
      : `${decision === "approve" ? "Approved" : "Declined"}: ${stands}${before}\n${recordedText(found)}`,
  );
}

/** `brus query submit` */
async function submitQuery(file: string, { coordinator, json }: ForMachines, { say }: Out): Promise<void> {
  const { query, aside } = parseWith(SignedQuery, parseJson(readBytes(file)), "signed query");
  const id = await ask(client(coordinator), query, [], aside);
  say(json === true ? JSON.stringify({ id }) : id);
}

/** `brus query status` */
async function showStatus(id: string, { coordinator, json }: ForMachines, { say }: Out): Promise<void> {
  const status = await client(coordinator)("getQuery", {
    params: { id: parseWith(Hash, id, "id", "usage") },
  });
  if (json === true) return say(JSON.stringify(status));
  const count = (state: string) => status.regions.filter((region) => region.state === state).length;
  const reason = status.reason === null ? "" : ` (${status.reason})`;
  say(
    `${status.state}${reason}: ${decidedCounts(status.approvals)}, ${count("answered")} answered, ${count("refused")} refused, ${count("waiting")} waiting`,
  );
  for (const { region, code } of status.regions.filter(({ state }) => state === "refused"))
    say(`  ${region}: ${code === null ? "refused" : `${code}: ${REFUSALS[code][1]}`}`);
}

/** How many of what was handed in approve, and how many decline: as they say themselves, since nothing of it is judged here. */
function decidedCounts(approvals: QueryStatus["approvals"]): string {
  const said = new Map(approvals.map((each) => [each.payload, payloadOf(Approval, each).decision] as const));
  const count = (decision: Approval["decision"]) =>
    [...said.values()].filter((each) => each === decision).length;
  return `${count("approve")} approvals, ${count("decline")} declines`;
}

/** `brus query result` */
async function showResult(id: string, options: ShowResult, { say, wait }: Out): Promise<void> {
  const hash = parseWith(Hash, id, "id", "usage");
  const federation = await federationAt(options.coordinator, options.directory);
  const from = client(options.coordinator);
  if (options.wait > 0) {
    const status = await follow(from, hash, { seconds: options.wait, onWait: wait });
    if (status.state === "open") throw new Refusal("no-data", waitsFor(status));
  }
  const result = await fetchResult(from, federation, hash);
  const written = {
    table: () => resultText(result, federation),
    json: () => JSON.stringify({ document: result.envelope, cells: result.cells }),
    csv: () => csvOf(result.cells).trimEnd(),
    jsonstat: () => JSON.stringify(tableOf(result, federation, options.language)),
  };
  say(written[options.json === true ? "json" : options.format]());
}

/** `brus query recompute` */
async function recomputeRelease(
  id: string,
  options: ForMachines & { readonly key: string },
  { say, now, opening }: Out,
): Promise<void> {
  const hash = parseWith(Hash, id, "id", "usage");
  const federation = await federationAt(options.coordinator, options.directory);
  const auditor = partyOf(federation, options.key, "audit", opening);
  const bar = barOf("Fetching masked vectors", 1);
  const found = await recompute(
    client(options.coordinator),
    federation,
    hash,
    auditor,
    { now, random: systemRandom },
    bar.set,
  );
  bar.done();
  const left =
    found.unopened.length === 0
      ? ""
      : ` The surplus noise of ${found.unopened.join(", ")} stays in, as the release says.`;
  say(
    options.json === true
      ? JSON.stringify(found)
      : `Holds: the published sum is that of the masked vectors of ${found.survivors.length} regions, each as its region signed it, with only the masks taken off that were committed to.${left}`,
  );
}
