/** Who must approve a question, by the directory's rules, and how long there is to answer. */
import { rulesFor } from "../../../../protocol/federation/approvals.ts";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { useSay } from "../../language.ts";
import { Definitions } from "../../parts/definitions.tsx";

const SAY = {
  sv: {
    approvals: "Godkänns av",
    rule: (n: number, role: string) =>
      `${n} ${n === 1 ? "person" : "personer"} (${role}) som inte ställde frågan. Varje region kan kräva mer.`,
    answer: "Svarstid",
    hours: (n: number) => `${n} timmar`,
  },
  en: {
    approvals: "Approved by",
    rule: (n: number, role: string) =>
      `${n} ${n === 1 ? "person" : "persons"} (${role}) who did not ask. Each region may ask for more.`,
    answer: "Time to answer",
    hours: (n: number) => `${n} hours`,
  },
};

/** How long approvers and regions have, from when it is signed at a desk. */
const HOURS = 24;

export function Rules({
  federation,
  draft,
}: {
  readonly federation: Federation;
  readonly draft: { readonly dataset: string };
}) {
  const say = useSay(SAY);
  const rules = rulesFor(draft, federation.directory.approvalRules);
  return (
    <Definitions
      rows={[
        [say.approvals, rules.map(({ persons, role }) => say.rule(persons, role)).join(" ")],
        [say.answer, say.hours(HOURS)],
      ]}
    />
  );
}
