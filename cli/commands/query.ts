/** `brus query …`: check a question before asking, sign it, approve it, hand it in, follow it, read the result. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { type Federation, rosterOf } from "../../protocol/federation/directory.ts";
import { planIn } from "../../protocol/federation/planning.ts";
import { checkClosed, type Plan } from "../../protocol/plan/plan.ts";
import { ledgerGroupOf } from "../../protocol/question/catalogue.ts";
import { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import { type Expected, expectedByKind, expectedOfBoth } from "../../protocol/release/expected-error.ts";
import { Envelope, envelopeId, payloadOf } from "../../protocol/signing/envelope.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { compare, format, parseRational, subtract, ZERO } from "../../protocol/values/rational.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import type { Budgets } from "../../protocol/wire/routes.ts";
import { ask, fillQuery, follow, signApproval, signQuery, withPurpose } from "../client/ask.ts";
import { asideAt, client, federationAt, type Out, partyOf, readBytes, writeText } from "../client/connect.ts";
import { costText, csvOf, type Format, resultText, tableOf } from "../client/print.ts";
import { barOf } from "../client/progress.ts";
import { recompute } from "../client/recompute.ts";

const SIZES = [100, 1_000, 10_000] as const;

/** A signed query in a file, with the words of its purpose. */
const SignedQuery = z.strictObject({ query: Envelope, aside: z.string().max(10_000).nullable() });
type SignedQuery = z.infer<typeof SignedQuery>;

async function purposeOf({ purpose }: Query, address: string): Promise<string> {
  const aside = await asideAt(address, purpose);
  return aside?.of === "purpose" ? aside.text : "not kept, or erased";
}

function planned(federation: Federation, query: Query, now: Date): Plan {
  const plan = planIn(federation, query);
  checkClosed(plan, now);
  return plan;
}

/** A query's payload from a file, as a draft or already signed. */
function readDraft(path: string, federation: Federation, now: Date): Query {
  const value = parseJson(readBytes(path));
  if (Envelope.safeParse(value).success) {
    return payloadOf(Query, parseWith(Envelope, value, "envelope"));
  }
  return fillQuery(value, federation.hash, "researcher", now);
}

export const seconds = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("expected a whole number of seconds");
  return Number(text);
};

/** What every command that meets a coordinator is told. */
export type Addressed = { coordinator: string; directory?: string; json?: boolean };

export function queryCommands(program: Command, { say, wait, now }: Out): void {
  const query = program.command("query").description("check, sign, approve, submit and follow questions");
  const sub = (usage: string, description: string) =>
    query
      .command(usage)
      .description(description)
      .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
      .option("--directory <hash>", "pin the directory by its hash")
      .option("--json", "for machines");

  sub(
    "check <file>",
    "the question in plain words, its cost, what remains, and the error to expect; touches no data",
  )
    .addOption(new Option("--language <language>", "of the words").choices(["sv", "en"]).default("en"))
    .action(async (file: string, options: Addressed & { language: string }) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const draft = readDraft(file, federation, now());
      const { budgets } = await client(options.coordinator)("getBudgets");
      const plan = planned(federation, draft, now());
      const report = checkReport(federation, draft, plan, budgets, options.language === "sv" ? "sv" : "en");
      say(options.json === true ? JSON.stringify(report) : checkText(report, plan));
    });

  sub("sign <file>", "fill in what the file leaves out, sign it, and write it with its purpose beside it")
    .requiredOption("--key <file>", "a key of purpose ask")
    .option("--out <file>", "where to write (standard output unless said)")
    .action(async (file: string, options: Addressed & { key: string; out?: string }) => {
      const federation = await federationAt(options.coordinator, options.directory);
      const party = partyOf(federation, options.key, "ask");
      const { draft: bound, aside } = withPurpose(parseJson(readBytes(file)));
      const draft = fillQuery(bound, federation.hash, party.id, now());
      planned(federation, draft, now());
      const envelope = signQuery(draft, party.signer);
      const signed = JSON.stringify({ query: envelope, aside } satisfies SignedQuery);
      if (options.out === undefined) say(signed);
      else writeText(options.out, signed);
      if (options.out !== undefined)
        say(options.json === true ? JSON.stringify({ id: envelopeId(envelope) }) : envelopeId(envelope));
    });

  sub("approve <id>", "approve (or decline) a submitted query by signature, after reading it in plain words")
    .requiredOption("--key <file>", "a key of purpose approve")
    .option("--role <role>", "in which role", "approver")
    .option("--region <code>", "for one region instead of all")
    .option("--decline", "decline instead")
    .option("--reason <text>", "why: in the log, for everyone and for ever")
    .action(
      async (
        id: string,
        options: Addressed & {
          key: string;
          role: string;
          region?: string;
          decline?: boolean;
          reason?: string;
        },
      ) => {
        const federation = await federationAt(options.coordinator, options.directory);
        const hash = parseWith(Hash, id, "id", "usage");
        const status = await client(options.coordinator)("getQuery", { params: { id: hash } });
        if (envelopeId(status.query) !== hash)
          throw new Refusal("signature-invalid", "expected the query that was asked for");
        const asked = payloadOf(Query, status.query);
        const document = federation.datasets.get(asked.dataset);
        if (document !== undefined)
          say(
            `${asked.title}: ${inWords(asked, document.dataset, "en")}\nPurpose: ${await purposeOf(asked, options.coordinator)}\nCost: ${costText(planIn(federation, asked))}.`,
          );
        const approval = signApproval(hash, partyOf(federation, options.key, "approve"), now(), {
          role: options.role,
          region: options.region ?? "all",
          decision: options.decline === true ? "decline" : "approve",
          ...(options.reason === undefined ? {} : { reason: options.reason }),
        });
        const { id: approvalId } = await client(options.coordinator)("submitApproval", { body: approval });
        say(
          options.json === true
            ? JSON.stringify({ id: approvalId })
            : `${options.decline === true ? "Declined" : "Approved"}: ${approvalId}`,
        );
      },
    );

  sub("submit <file>", "hand in a signed query").action(async (file: string, options: Addressed) => {
    const { query, aside } = parseWith(SignedQuery, parseJson(readBytes(file)), "signed query");
    const id = await ask(client(options.coordinator), query, [], aside);
    say(options.json === true ? JSON.stringify({ id }) : id);
  });

  sub("status <id>", "where a query stands").action(async (id: string, options: Addressed) => {
    const status = await client(options.coordinator)("getQuery", {
      params: { id: parseWith(Hash, id, "id", "usage") },
    });
    if (options.json === true) return say(JSON.stringify(status));
    const count = (state: string) => status.regions.filter((region) => region.state === state).length;
    const reason = status.reason === null ? "" : ` (${status.reason})`;
    say(
      `${status.state}${reason}: ${new Set(status.approvals.map(({ payload }) => payload)).size} approvals, ${count("answered")} answered, ${count("refused")} refused, ${count("waiting")} waiting`,
    );
    for (const { region, code } of status.regions.filter(({ state }) => state === "refused"))
      say(`  ${region}: ${code}`);
  });

  sub("result <id>", "the release, checked against the nodes' own answers")
    .addOption(
      new Option("--format <format>", "how").choices(["table", "json", "csv", "jsonstat"]).default("table"),
    )
    .addOption(new Option("--language <language>", "of jsonstat's words").choices(["sv", "en"]).default("en"))
    .option("--wait <seconds>", "wait so long for it", seconds, 0)
    .action(async (id: string, options: Addressed & { format: string; language: string; wait: number }) => {
      const hash = parseWith(Hash, id, "id", "usage");
      const federation = await federationAt(options.coordinator, options.directory);
      if (options.wait > 0)
        await follow(client(options.coordinator), hash, { seconds: options.wait, onWait: wait });
      const result = await fetchResult(client(options.coordinator), federation, hash);
      const how: Format =
        options.json === true || options.format === "json"
          ? "json"
          : options.format === "csv"
            ? "csv"
            : "table";
      if (options.format === "jsonstat" && options.json !== true)
        return say(JSON.stringify(tableOf(result, federation, options.language === "sv" ? "sv" : "en")));
      if (how === "csv") return say(csvOf(result.cells).trimEnd());
      if (how === "json") return say(JSON.stringify({ document: result.envelope, cells: result.cells }));
      say(resultText(result, federation));
    });

  sub("recompute <id>", "for auditors: add a national release up anew from the masked vectors behind it")
    .requiredOption("--key <file>", "a key of purpose audit")
    .action(async (id: string, options: Addressed & { key: string }) => {
      const hash = parseWith(Hash, id, "id", "usage");
      const federation = await federationAt(options.coordinator, options.directory);
      const auditor = partyOf(federation, options.key, "audit");
      const bar = barOf("Fetching masked vectors", 1);
      const found = await recompute(client(options.coordinator), federation, hash, auditor, now(), bar.set);
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
    });
}

function checkReport(
  federation: Federation,
  query: Query,
  plan: Plan,
  budgets: Budgets,
  language: "sv" | "en",
) {
  const roster = rosterOf(federation, query);
  const group = ledgerGroupOf(plan.dataset);
  const budget = parseRational(plan.dataset.budget.rhoPerPeriod);
  const remains = roster.map((region) => {
    const accounts = budgets.find(({ node }) => node === region)?.ledger.accounts ?? [];
    const spent = accounts.filter(
      (account) => account.group === group && plan.periods.includes(account.period),
    );
    const most = spent
      .map((account) => parseRational(account.spent))
      .reduce((a, b) => (compare(a, b) > 0 ? a : b), ZERO);
    return {
      region,
      remains: format(subtract(budget, most)),
      suffices: compare(subtract(budget, most), plan.charge) >= 0,
    };
  });
  return {
    words: inWords(query, plan.dataset, language),
    rho: format(plan.charge),
    integers: plan.length * plan.periods.length,
    remains,
    floor:
      plan.shares === null ? null : { threshold: plan.shares.threshold, survivors: plan.shares.survivors },
    expected: bothKinds(federation, query, roster.length),
    reconciled: query.release === "both" ? expectedOfBoth(plan, roster.length, SIZES) : null,
  };
}

/** The same question at the same ρ, asked of each region and of the nation, so that the asker can choose. */
function bothKinds(federation: Federation, query: Query, regions: number) {
  const { nationalPart: _, ...rest } = query;
  const as = (release: "regions" | "national"): Plan => planIn(federation, { ...rest, release });
  let national: Plan | null = null;
  try {
    national = as("national");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // Not to be had for this roster: one kind is shown.
  }
  return expectedByKind(as("regions"), national, regions, SIZES);
}

function checkText(report: ReturnType<typeof checkReport>, plan: Plan): string {
  const short = report.remains.filter(({ suffices }) => !suffices).map(({ region }) => region);
  const say = (halfWidth: number | null | undefined) =>
    halfWidth == null ? "depends on the data" : `± ${halfWidth.toPrecision(2)}`;
  const of = ({ measure, kind, persons }: Expected) =>
    persons === null
      ? `  ${measure} (${kind})`
      : `  ${measure} (${kind}) with ${persons.toLocaleString("en").replaceAll(",", " ")} persons in the cell`;
  const reconciled = report.reconciled?.region.map(
    (row, index) =>
      `${of(row)}: a region ${say(row.halfWidth)}, the nation ${say(report.reconciled?.nation[index]?.halfWidth)}`,
  );
  const lines = report.expected.region.map((row, index) => {
    const nation = report.expected.nation[index];
    const secure = report.expected.secure?.[index];
    const worst = report.expected.secureAtWorst?.[index];
    const summed =
      secure === undefined
        ? ""
        : `, or ${say(secure.halfWidth)} by secure sum (release national; ${say(worst?.halfWidth)} with all missing that may be)`;
    return `${of(row)}: a region ${say(row.halfWidth)}, the nation ${say(nation?.halfWidth)} as their sum${summed}`;
  });
  return [
    report.words,
    `Cost: ${costText(plan)}.`,
    short.length === 0
      ? "What remains suffices in every region."
      : `What remains does not suffice in: ${short.join(", ")}.`,
    ...(report.floor === null
      ? []
      : [
          `No sum is opened of fewer than ${report.floor.survivors} regions; ${report.floor.threshold} must sign which.`,
        ]),
    "Expected error at this ρ (half of the 95 % interval, at worst; a nation's cell of so many persons in all):",
    ...(reconciled === undefined
      ? []
      : [...reconciled, "Were all of this ρ spent on one kind of release instead:"]),
    ...lines,
  ].join("\n");
}
