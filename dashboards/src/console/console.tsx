/** What a region sees of its own node: questions, what remains, imports, policy, log. */
import type { Language } from "../../../protocol/values/language.ts";
import type { ConsoleState } from "../../../protocol/wire/console.ts";
import { meaningText, twiceText } from "../../../publication/year-words.ts";
import { fraction, listed, moment, number, period, upper, useLanguage, useSay } from "../language.ts";
import { Definitions } from "../parts/definitions.tsx";
import { Heading, Section } from "../parts/shell.tsx";
import { ScrolledTable } from "../parts/table.tsx";
import { SAY } from "./words.ts";

const toNumber = (text: string): number => {
  const [over = "0", under = "1"] = text.split("/");
  return Number(over) / Number(under);
};

type Of = { readonly state: ConsoleState };

function Questions({ state: { questions } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section title={say.questions} help={<p>{say.questionsHelp}</p>}>
      {questions.length === 0 && <p>{say.none}</p>}
      <ul class="list">
        {questions.map((each) => (
          <li key={each.query}>
            <strong class="given">{each.title ?? say.unknown}</strong>
            <span class="quiet">
              {say.states[each.state]}
              {each.code !== null && ` (${each.code})`}, {moment(each.time, language)}.{" "}
              {each.charge === null
                ? say.nothing
                : say.perPeriod(fraction(each.charge, language), each.periods.length)}
              .
            </span>
            {each.words !== null && (
              <details>
                <summary>{say.read}</summary>
                <blockquote class="say q">{each.words[language]}</blockquote>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** How much of a budget is spent, as a bar and in words. */
function Remaining({ part }: { readonly part: number }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const wide = (value: number) => `${(100 * Math.max(0, Math.min(1, value))).toFixed(2)}%`;
  return (
    <>
      <svg class="rb" width="100%" height="14" aria-hidden="true">
        <rect class="left" x="0" y="0" width={wide(part)} height="14" />
        <rect class="now" x={wide(part)} y="0" width={wide(1 - part)} height="14" />
      </svg>
      <span class="xs">{say.percent(number(100 * (1 - part), 0, language))}</span>
    </>
  );
}

function Budgets({ state: { ledger } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section
      title={say.left}
      help={
        <>
          <p>{say.leftHelp}</p>
          <p class={ledger.broken === null ? "" : "w-bad"}>
            {ledger.broken === null ? say.whole : say.broken(ledger.broken)}
          </p>
        </>
      }
    >
      <ScrolledTable
        columns={[say.dataset, say.period, say.spent, say.of, say.remaining]}
        right={[say.spent, say.of]}
      >
        {ledger.accounts.map(({ group, period: code, spent, budget }) => (
          <tr key={`${group} ${code}`}>
            <th scope="row">{accountName(group, language)}</th>
            <td>{upper(period(code, language))}</td>
            <td class="r">{fraction(spent, language)}</td>
            <td class="r">{fraction(budget, language)}</td>
            <td>
              <Remaining part={toNumber(spent) / toNumber(budget)} />
            </td>
          </tr>
        ))}
      </ScrolledTable>
      {ledger.years.map(({ year, spent }) => (
        <p key={year}>
          <strong>{say.year(year)}</strong> {meaningText(spent, language)}
        </p>
      ))}
      {ledger.years.length > 0 && <p>{twiceText(language)}</p>}
    </Section>
  );
}

/** A dataset's account by its name; one of a year in words. */
function accountName(group: string, language: Language): string {
  const [, of = "", who = ""] = /^year: (\w+) ?(.*)$/.exec(group) ?? [];
  const { years } = SAY[language];
  return of === "" ? group : of === "requester" ? years.requester(who) : (years.parts[of] ?? group);
}

function Imports({ state: { imports, rejects } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section title={say.imports} help={<p>{say.importsHelp}</p>}>
      <ScrolledTable columns={[say.dataset, say.file, say.taken]}>
        {imports.map(({ dataset, hash, taken }) => (
          <tr key={`${dataset} ${hash}`}>
            <th scope="row">{dataset}</th>
            <td class="mono">{hash.slice(0, 24)}…</td>
            <td>{moment(taken, language)}</td>
          </tr>
        ))}
      </ScrolledTable>
      <h3>{say.rejects}</h3>
      {rejects.length === 0 ? (
        <p>{say.noRejects}</p>
      ) : (
        <ul class="list">
          {rejects.map(({ file, rows }) => (
            <li key={file}>
              {number(rows, 0, language)} <span class="quiet mono">{file}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** What a policy says, rule by rule. */
function policyRows(
  {
    mayAsk,
    datasets,
    approvals,
    rhoPerPeriod,
    rhoPerYear,
    rhoPerQuery,
    withheld,
  }: NonNullable<ConsoleState["policy"]>,
  language: Language,
): Array<[string, string]> {
  const say = SAY[language];
  const limit = (rho: string | null) => (rho === null ? say.budget : `ρ = ${fraction(rho, language)}`);
  const orNone = (texts: readonly string[]) => (texts.length === 0 ? say.no : texts.join(", "));
  return [
    [say.mayAsk, mayAsk === "researchers" ? say.researchers : listed(mayAsk, language)],
    [say.about, datasets === "all" ? say.all : listed(datasets, language)],
    [say.approvals, orNone(approvals.map(({ persons, role, dataset }) => say.rule(persons, role, dataset)))],
    [say.most, limit(rhoPerPeriod)],
    [say.mostYear, rhoPerYear === null ? say.directory : `ρ = ${fraction(rhoPerYear, language)}`],
    [say.mostQuery, limit(rhoPerQuery)],
    [say.withheld, orNone(withheld.map(({ dataset, column }) => `${dataset}: ${column}`))],
  ];
}

function Policy({ state: { policy } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section title={say.policy} help={<p>{say.policyHelp}</p>}>
      {policy === null ? (
        <p class="warn">{say.noPolicy}</p>
      ) : (
        <Definitions rows={policyRows(policy, language)} />
      )}
    </Section>
  );
}

function OwnLog({ state: { log, coordinator, code } }: Of) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Section title={say.log} help={<p>{say.logHelp}</p>}>
      <p>{say.entries(number(log.size, 0, language))}</p>
      <p class={log.shown === null ? "warn" : ""}>
        {log.shown === null
          ? say.notShown
          : say.shown(
              number(log.shown.size, 0, language),
              log.shown.cosigned,
              log.shown.least,
              log.shown.asOf === null ? "" : moment(log.shown.asOf * 1000, language),
            )}
      </p>
      <p>
        <a
          href={`${coordinator}/${language}/${language === "sv" ? "loggen" : "log"}?log=${code}`}
          rel="noreferrer"
        >
          {say.public}
        </a>
      </p>
    </Section>
  );
}

export function Console({ state }: Of) {
  const say = useSay(SAY);
  const { questions } = state;
  const answered = questions.filter((each) => each.state === "answered" || each.state === "masked").length;
  return (
    <>
      <Heading title={state.name} crumb={say.crumb}>
        <p>{say.lede(questions.length, answered)}</p>
      </Heading>
      <Questions state={state} />
      <Budgets state={state} />
      <Imports state={state} />
      <Policy state={state} />
      <OwnLog state={state} />
    </>
  );
}
