/** What a region sees of its own node: questions, what remains, imports, policy, log. */
import type { ConsoleState } from "../../../protocol/wire/console.ts";
import { clock, day, fraction, listed, number, period, upper, useLanguage, useSay } from "../language.ts";
import { Heading, Section } from "../parts/shell.tsx";
import { SAY } from "./words.ts";

const toNumber = (text: string): number => {
  const [over = "0", under = "1"] = text.split("/");
  return Number(over) / Number(under);
};

export function Console({ state }: { readonly state: ConsoleState }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const at = (time: string | number) => `${day(time, language)} ${clock(time, language)}`;
  const { questions, ledger, policy, log } = state;
  const answered = questions.filter((each) => each.state === "answered" || each.state === "masked").length;
  return (
    <>
      <Heading title={state.name} crumb={say.crumb}>
        <p>{say.lede(questions.length, answered)}</p>
      </Heading>
      <Section title={say.questions} help={<p>{say.questionsHelp}</p>}>
        {questions.length === 0 && <p>{say.none}</p>}
        <ul class="list">
          {questions.map((each) => (
            <li key={each.query}>
              <strong class="given">{each.title ?? say.unknown}</strong>
              <span class="quiet">
                {say.states[each.state]}
                {each.code !== null && ` (${each.code})`}, {at(each.time)}.{" "}
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
        <div class="scroll" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say.dataset}</th>
                <th scope="col">{say.period}</th>
                <th scope="col" class="r">
                  {say.spent}
                </th>
                <th scope="col" class="r">
                  {say.of}
                </th>
                <th scope="col">{say.remaining}</th>
              </tr>
            </thead>
            <tbody>
              {ledger.accounts.map(({ group, period: code, spent, budget }) => {
                const part = toNumber(spent) / toNumber(budget);
                const wide = (value: number) => `${(100 * Math.max(0, Math.min(1, value))).toFixed(2)}%`;
                return (
                  <tr key={`${group} ${code}`}>
                    <th scope="row">{group}</th>
                    <td>{upper(period(code, language))}</td>
                    <td class="r">{fraction(spent, language)}</td>
                    <td class="r">{fraction(budget, language)}</td>
                    <td>
                      <svg class="rb" width="100%" height="14" aria-hidden="true">
                        <rect class="left" x="0" y="0" width={wide(part)} height="14" />
                        <rect class="now" x={wide(part)} y="0" width={wide(1 - part)} height="14" />
                      </svg>
                      <span class="xs">{say.percent(number(100 * (1 - part), 0, language))}</span>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Section>
      <Section title={say.imports} help={<p>{say.importsHelp}</p>}>
        <div class="scroll" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say.dataset}</th>
                <th scope="col">{say.file}</th>
                <th scope="col">{say.taken}</th>
              </tr>
            </thead>
            <tbody>
              {state.imports.map(({ dataset, hash, taken }) => (
                <tr key={`${dataset} ${hash}`}>
                  <th scope="row">{dataset}</th>
                  <td class="mono">{hash.slice(0, 24)}…</td>
                  <td>{at(taken)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <h3>{say.rejects}</h3>
        {state.rejects.length === 0 ? (
          <p>{say.noRejects}</p>
        ) : (
          <ul class="list">
            {state.rejects.map(({ file, rows }) => (
              <li key={file}>
                {number(rows, 0, language)} <span class="quiet mono">{file}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title={say.policy} help={<p>{say.policyHelp}</p>}>
        {policy === null ? (
          <p class="warn">{say.noPolicy}</p>
        ) : (
          <dl class="def">
            {(
              [
                [
                  say.mayAsk,
                  policy.mayAsk === "researchers" ? say.researchers : listed(policy.mayAsk, language),
                ],
                [say.about, policy.datasets === "all" ? say.all : listed(policy.datasets, language)],
                [
                  say.approvals,
                  policy.approvals.length === 0
                    ? say.no
                    : policy.approvals
                        .map(({ persons, role, dataset }) => say.rule(persons, role, dataset))
                        .join(", "),
                ],
                [
                  say.most,
                  policy.rhoPerPeriod === null
                    ? say.budget
                    : `ρ = ${fraction(policy.rhoPerPeriod, language)}`,
                ],
                [
                  say.mostQuery,
                  policy.rhoPerQuery === null ? say.budget : `ρ = ${fraction(policy.rhoPerQuery, language)}`,
                ],
                [
                  say.withheld,
                  policy.withheld.length === 0
                    ? say.no
                    : policy.withheld.map(({ dataset, column }) => `${dataset}: ${column}`).join(", "),
                ],
              ] as const
            ).map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        )}
      </Section>
      <Section title={say.log} help={<p>{say.logHelp}</p>}>
        <p>{say.entries(number(log.size, 0, language))}</p>
        <p class={log.shown === null ? "warn" : ""}>
          {log.shown === null
            ? say.notShown
            : say.shown(
                number(log.shown.size, 0, language),
                log.shown.cosigned,
                log.shown.least,
                log.shown.asOf === null ? "" : at(log.shown.asOf * 1000),
              )}
        </p>
        <p>
          <a
            href={`${state.coordinator}/${language}/${language === "sv" ? "loggen" : "log"}?log=${state.code}`}
            rel="noreferrer"
          >
            {say.public}
          </a>
        </p>
      </Section>
    </>
  );
}
