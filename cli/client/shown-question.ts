/**
 * What a person is shown of a question before they sign it or decide on it, by the command line: in plain words, under a
 * directory that was traced to its pin, with all that their signature says. And that they are asked.
 */

import { rhoPerYearOf } from "../../protocol/federation/accounts.ts";
import { judgeApprovals, openApprovals } from "../../protocol/federation/approvals.ts";
import { type Federation, rosterOf, versionOf } from "../../protocol/federation/directory.ts";
import type { Asked } from "../../protocol/federation/openers.ts";
import { planIn } from "../../protocol/federation/plan-in.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import { rulesFor, ruleWords } from "../../protocol/question/approval.ts";
import type { Query } from "../../protocol/question/query.ts";
import { inWords } from "../../protocol/question/words.ts";
import type { Envelope } from "../../protocol/signing/envelope.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { meaningText, twiceText } from "../../publication/year-words.ts";
import type { Out } from "./connect.ts";
import { costText } from "./print.ts";

/**
 * The version that a question is bound to. Refuses (`directory-unknown`) one that does not lead back to the pin: whoever
 * chose it chose what its words mean.
 */
export function boundIn(federation: Federation, { directory }: Pick<Query, "directory">): Federation {
  const bound = versionOf(federation, directory);
  if (bound === null)
    throw new Refusal(
      "directory-unknown",
      `expected a question bound to a version that leads back to the pinned one, ${federation.first}; it names ${directory}`,
    );
  return bound;
}

/** What it asks, why, when and at what cost: in words of the version that it is bound to. */
export function questionText(federation: Federation, query: Query, purpose: string): string {
  const bound = boundIn(federation, query);
  const document = bound.datasets.get(query.dataset);
  if (document === undefined)
    throw new Refusal("dataset-unknown", `expected a dataset of the directory, not ${query.dataset}`);
  return [
    `“${query.title}”: ${inWords(query, document.dataset, "en")}`,
    `Purpose: ${purpose}`,
    `Asked by ${query.requester}, from ${query.notBefore}; to be answered by ${query.answerBy}, by ${query.minRegions} regions at least; no region begins to answer after ${query.expires}.`,
    `Cost: ${costText(planIn(federation, query))}.`,
  ].join("\n");
}

function rosterText(federation: Federation, query: Query): string {
  const names = new Map(boundIn(federation, query).directory.nodes.map(({ code, name }) => [code, name]));
  const roster = rosterOf(federation, query);
  return `${roster.length} regions: ${roster.map((code) => `${code} ${names.get(code) ?? ""}`).join(", ")}`;
}

/** What all of these questions have in common: whom they are put to, what a year may come to, who approves, and by which directory. */
export function federationText(federation: Federation, queries: readonly Query[]): string {
  const { directory, hash, first } = federation;
  const rules = [...new Set(queries.flatMap((query) => rulesFor(query, directory.approvalRules)))];
  const bound = [...new Set(queries.map((query) => boundIn(federation, query)))];
  const by =
    rules.length === 0
      ? "nobody: no rule names the dataset, and no region will answer"
      : `${rules.map((rule) => ruleWords(rule, "en")).join("; and ")}. Whoever asks is not counted; a region may ask for more`;
  const rosters = new Set(queries.map((query) => rosterText(federation, query)));
  return [
    ...[...rosters].map((roster) => `Put to ${roster}.`),
    `All that may be said of one person's year: ${meaningText(meaningOf(rhoPerYearOf(federation)), "en")} ${twiceText("en")}`,
    `To be approved by ${by}.`,
    `Directory: ${directory.name}, version ${directory.version}, ${hash}, in force until ${directory.expires}.`,
    ...bound
      .filter((each) => each.hash !== hash)
      .map((each) => `Bound to version ${each.directory.version}, ${each.hash}, of the same regions.`),
    `Pinned: version 1, ${first}.`,
  ].join("\n");
}

/** Who has decided before, by the directory's rules. */
export function decidedText(
  federation: Federation,
  asked: Asked,
  approvals: readonly Envelope[],
  now: Date,
): string {
  const given = openApprovals(federation, approvals, now);
  const { handedIn } = judgeApprovals(federation, asked, given, { region: null });
  const counting = handedIn.flatMap(({ opened, why }) =>
    why === null && typeof opened !== "string" ? [opened] : [],
  );
  const who = counting.map(
    ({ person, personRegion, approval }) =>
      `${person} (${approval.role}${personRegion === null ? "" : `, of region ${personRegion}`}) ${approval.decision === "approve" ? "approves" : "declines"}`,
  );
  return `Decided so far: ${who.length === 0 ? "nobody has" : who.join(", ")}.`;
}

/**
 * Asks the person at the terminal; machines say `--yes`. Refuses (`usage`) where nobody says yes: nothing is signed then.
 */
export async function consent(
  { confirm }: Pick<Out, "confirm">,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes === true) return;
  const answer = await confirm(question);
  if (answer === null)
    throw new Refusal(
      "usage",
      "expected somebody at a terminal to answer, or --yes by whoever has read what is shown; nothing was signed",
    );
  if (!answer) throw new Refusal("usage", "expected a yes; nothing was signed");
}
