/** What is left in each region, once the question is paid, of the account that it leaves least of. */
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { Refusal } from "../../../../protocol/values/refusal.ts";
import type { Ledgers } from "../../../../protocol/wire/budgets.ts";
import { shortName } from "../../charts/tiles.tsx";
import { number, useLanguage, useSay } from "../../language.ts";
import { type Priced, spentIn } from "./draft.ts";

const SAY = {
  sv: {
    said: (left: string) => `${left} procent kvar`,
    short: "räcker inte",
    none: "Ingen region har lämnat sin budget ännu.",
  },
  en: {
    said: (left: string) => `${left} per cent left`,
    short: "not enough",
    none: "No region has handed in its budget yet.",
  },
};

export function Remaining({
  federation,
  ledgers,
  found,
}: {
  readonly federation: Federation;
  readonly ledgers: Ledgers;
  readonly found: Priced | Refusal;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  if (found instanceof Refusal) return null;
  const left = spentIn(ledgers, found, federation);
  if (left.length === 0) return <p>{say.none}</p>;
  const name = (code: string) =>
    shortName(federation.directory.nodes.find((each) => each.code === code)?.name ?? code);
  const wide = (part: number) => `${(100 * Math.max(0, Math.min(1, part))).toFixed(2)}%`;
  return (
    <ol class="rem">
      {left.map(({ region, spent, cost }) => {
        const after = 1 - spent - cost;
        return (
          <li key={region}>
            <span class="rn">
              {name(region)}{" "}
              <span class="vh">{after < 0 ? say.short : say.said(number(100 * after, 0, language))}</span>
            </span>
            <svg class="rb" width="100%" height="14" aria-hidden="true">
              <rect class="left" x="0" y="0" width={wide(spent)} height="14" />
              <rect class="cost" x={wide(spent)} y="0" width={wide(cost)} height="14" />
              <rect class="now" x={wide(spent + cost)} y="0" width={wide(after)} height="14" />
            </svg>
          </li>
        );
      })}
    </ol>
  );
}
