/** The seven choices of a question. */
import type { Federation } from "../../../../protocol/federation/directory.ts";
import { ReleaseKind } from "../../../../protocol/question/query.ts";
import { number, period, upper, useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import { Check, Measures, toggled, Where } from "./choices.tsx";
import { closedPeriods, type Draft, PRICES, rhoOf } from "./draft.ts";

const SAY = {
  sv: {
    form: "Frågan",
    what: "Vad",
    dataset: "Datamängd",
    version: "version",
    who: "Vilka",
    by: "Uppdelat på",
    groups: (n: number) => `${n} grupper`,
    when: "När",
    pool: "Slå ihop till ett värde",
    how: "Hur svaret lämnas",
    regions: "Per region.",
    regionsText: "Varje region lägger på sitt eget brus. Regionerna kan jämföras.",
    national: "Bara riket.",
    nationalText: "Svaren läggs ihop bakom masker. Mycket mindre brus, men inga regioner.",
    both: "Båda.",
    bothText: "Priset delas lika, och siffrorna stäms av mot varandra.",
    least: "Minsta antal regioner som måste svara",
    exact: "Hur exakt",
    exactHelp: "Dra åt höger för ett exaktare svar och ett högre pris",
    cheap: "billigare",
    dear: "exaktare",
    said: (part: string, rho: string) => `${part} procent av budgeten, ρ = ${rho}`,
    why: "Varför",
    title: "Rubrik. Står i loggen för alltid; skriv inget om någon enskild.",
    purpose: "Syfte. Visas för dem som godkänner och kan raderas; i loggen står bara ett avtryck.",
  },
  en: {
    form: "The question",
    what: "What",
    dataset: "Dataset",
    version: "version",
    who: "Of whom",
    by: "Broken down by",
    groups: (n: number) => `${n} groups`,
    when: "When",
    pool: "Pool to one value",
    how: "How it is answered",
    regions: "By region.",
    regionsText: "Each region adds its own noise. Regions can be compared.",
    national: "The nation alone.",
    nationalText: "Answers are added up behind masks. Much less noise, but no regions.",
    both: "Both.",
    bothText: "The price is split in halves, and the figures are reconciled.",
    least: "Fewest regions that must answer",
    exact: "How exact",
    exactHelp: "Move to the right for a more exact answer at a higher price",
    cheap: "cheaper",
    dear: "more exact",
    said: (part: string, rho: string) => `${part} per cent of the budget, ρ = ${rho}`,
    why: "Why",
    title: "Title. It stands in the log for ever; write nothing of any person.",
    purpose: "Purpose. Shown to those who approve, and can be erased; in the log stands only its digest.",
  },
};

type Props = {
  readonly federation: Federation;
  readonly draft: Draft;
  readonly now: Date;
  readonly onChange: (part: Partial<Draft>) => void;
};

export function Compose({ federation, draft, now, onChange }: Props) {
  const say = useSay(SAY);
  const language = useLanguage();
  const dataset = federation.datasets.get(draft.dataset)?.dataset;
  if (dataset === undefined) return null;
  const groups = Object.entries(dataset.columns).flatMap(
    ([name, column]): Array<[string, string, number]> =>
      column.kind === "integer"
        ? []
        : [[name, column.title?.[language] ?? name, column.kind === "boolean" ? 2 : column.values.length]],
  );
  const at = Math.max(
    0,
    PRICES.findIndex((part) => rhoOf(dataset, part) === draft.rho),
  );
  const part = PRICES[at] ?? PRICES[0];
  const percent = number(100 / Number(part.split("/")[1]), 2, language).replace(/[,.]?0+$/, "");
  return (
    <form class="compose" aria-label={say.form} onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>
          <b>1</b> {say.what}
        </legend>
        <Choice
          label={say.dataset}
          value={draft.dataset}
          options={[...federation.datasets].map(([ref, { dataset: each }]): [string, string] => [
            ref,
            `${each.title[language]}, ${say.version} ${each.version}`,
          ])}
          onChange={(value) => onChange({ dataset: value })}
        />
        <Measures dataset={dataset} draft={draft} onChange={onChange} />
      </fieldset>
      <fieldset>
        <legend>
          <b>2</b> {say.who}
        </legend>
        <Where dataset={dataset} draft={draft} onChange={onChange} />
      </fieldset>
      <fieldset>
        <legend>
          <b>3</b> {say.by}
        </legend>
        <div class="opts">
          {groups.map(([name, label, n]) => (
            <Check
              key={name}
              label={label}
              more={say.groups(n)}
              checked={draft.groupBy.includes(name)}
              onChange={(on) => onChange({ groupBy: toggled(draft.groupBy, name, on) })}
            />
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend>
          <b>4</b> {say.when}
        </legend>
        <div class="opts">
          {closedPeriods(dataset, now, 8).map((code) => (
            <Check
              key={code}
              label={upper(period(code, language))}
              checked={draft.periods.includes(code)}
              onChange={(on) => onChange({ periods: toggled(draft.periods, code, on) })}
            />
          ))}
          <Check label={say.pool} checked={draft.pool} onChange={(pool) => onChange({ pool })} />
        </div>
      </fieldset>
      <fieldset>
        <legend>
          <b>5</b> {say.how}
        </legend>
        <div class="opts col">
          {ReleaseKind.options.map((kind) => (
            <label key={kind}>
              <input
                type="radio"
                name="release"
                value={kind}
                checked={draft.release === kind}
                onChange={() => onChange({ release: kind })}
              />
              <span>
                <strong>{say[kind]}</strong> {say[`${kind}Text`]}
              </span>
            </label>
          ))}
        </div>
        <label class="f">
          {say.least}
          <input
            type="text"
            inputMode="numeric"
            value={String(draft.minRegions)}
            onInput={(event) => {
              const typed = Number(event.currentTarget.value);
              if (Number.isInteger(typed) && typed > 0) onChange({ minRegions: typed });
            }}
          />
        </label>
      </fieldset>
      <fieldset>
        <legend>
          <b>6</b> {say.exact}
        </legend>
        <label class="f" for="rho">
          {say.exactHelp}
        </label>
        <input
          id="rho"
          type="range"
          min={0}
          max={PRICES.length - 1}
          step={1}
          value={at}
          aria-valuetext={say.said(percent, draft.rho)}
          onInput={(event) =>
            onChange({ rho: rhoOf(dataset, PRICES[Number(event.currentTarget.value)] ?? PRICES[0]) })
          }
        />
        <p class="small quiet ends">
          <span>{say.cheap}</span>
          <span>{say.dear}</span>
        </p>
      </fieldset>
      <fieldset>
        <legend>
          <b>7</b> {say.why}
        </legend>
        <label class="f">
          {say.title}
          <input
            type="text"
            name="title"
            maxLength={200}
            value={draft.title}
            onInput={(event) => onChange({ title: event.currentTarget.value })}
          />
        </label>
        <label class="f">
          {say.purpose}
          <textarea
            name="purpose"
            rows={3}
            maxLength={2000}
            value={draft.purpose}
            onInput={(event) => onChange({ purpose: event.currentTarget.value })}
          />
        </label>
      </fieldset>
    </form>
  );
}
