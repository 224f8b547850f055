/**
 * Approvals: separate signed statements naming a query's hash, and the rules that ask for them. Whether there are
 * enough is judged in `protocol/federation/approvals.ts`.
 */
import { z } from "zod";
import { ofKind } from "../signing/envelope.ts";
import { Hash } from "../values/bytes.ts";
import type { Language } from "../values/language.ts";
import { Instant, PersonId, RegionCode } from "../values/names.ts";
import { textOf } from "../values/text.ts";
import { DatasetName } from "./catalogue.ts";

export const Approval = ofKind(
  "approval",
  z.strictObject({
    query: Hash,
    /** Who decides: two persons' approvals of one query are two documents. */
    approver: PersonId,
    decision: z.enum(["approve", "decline"]),
    role: z.string().regex(/^[a-z][a-z-]{0,31}$/, "expected a role"),
    region: z.union([z.literal("all"), RegionCode]),
    reason: textOf(2000).optional(),
    conditions: z.array(textOf(500)).max(20),
    expires: Instant,
  }),
);
export type Approval = z.infer<typeof Approval>;

/**
 * So many distinct persons of a role, for a dataset or for all (`*`); of the node's own region where it says so; or from
 * at least so many different regions, so that nobody who has all the keys of one place can approve alone. Who is of no
 * region counts as a person, and for no region.
 */
export const ApprovalRule = z
  .strictObject({
    dataset: z.union([z.literal("*"), DatasetName]),
    role: Approval.shape.role,
    persons: z.int().min(1).max(20),
    ownRegion: z.boolean().optional(),
    regions: z.int().min(1).max(20).optional(),
  })
  .refine(({ persons, regions = 1 }) => regions <= persons, "expected at most as many regions as persons")
  .refine(
    ({ ownRegion, regions = 1 }) => ownRegion !== true || regions === 1,
    "expected several regions, or the node's own, not both",
  );
export type ApprovalRule = z.infer<typeof ApprovalRule>;

/** The rules that apply to a dataset, or to a query of it: those that name it, and those for all. */
export const rulesFor = (
  { dataset }: { readonly dataset: string },
  rules: readonly ApprovalRule[],
): ApprovalRule[] => rules.filter((rule) => rule.dataset === "*" || dataset.startsWith(`${rule.dataset}@`));

/** What a new federation asks for, of every dataset. */
export const DEFAULT_RULE: ApprovalRule = { dataset: "*", role: "approver", persons: 2, regions: 2 };

const WORDS = {
  sv: {
    persons: (n: number, role: string) => `${n} ${n === 1 ? "person" : "olika personer"} med rollen ${role}`,
    own: ", från den egna regionen",
    regions: (k: number) => `, från minst ${k} ${k === 1 ? "region" : "olika regioner"}`,
    dataset: (name: string) => `, för ${name}`,
  },
  en: {
    persons: (n: number, role: string) =>
      `${n} ${n === 1 ? "person" : "distinct persons"} with the role ${role}`,
    own: ", of the region itself",
    regions: (k: number) => `, from at least ${k} ${k === 1 ? "region" : "different regions"}`,
    dataset: (name: string) => `, for ${name}`,
  },
} as const;

/** A rule in words, without a full stop: who must approve, from where, and for which dataset unless it is for all. */
export function ruleWords(
  { dataset, role, persons, ownRegion, regions }: ApprovalRule,
  language: Language,
): string {
  const say = WORDS[language];
  const own = ownRegion === true ? say.own : "";
  const from = regions === undefined ? "" : say.regions(regions);
  return `${say.persons(persons, role)}${own}${from}${dataset === "*" ? "" : say.dataset(dataset)}`;
}

/** An approval whose signature and signer have been judged against the directory. */
export type Judged = {
  readonly person: string;
  readonly personRegion: string | null;
  readonly approval: Approval;
};
