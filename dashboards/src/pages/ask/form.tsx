/** The seven choices of a question. */
import type { ComponentChildren } from "preact";
import type { Federation } from "../../../../protocol/federation/directory.ts";
import type { Dataset } from "../../../../protocol/question/catalogue.ts";
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
  readonly dataset: Dataset;
  readonly draft: Draft;
  readonly onChange: (part: Partial<Draft>) => void;
};

function Step({
  n,
  title,
  children,
}: {
  readonly n: number;
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <fieldset>
      <legend>
        <b>{n}</b> {title}
      </legend>
      {children}
    </fieldset>
  );
}

function Datasets({
  federation,
  draft,
  onChange,
}: Omit<Props, "dataset"> & { readonly federation: Federation }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Choice
      label={say.dataset}
      value={draft.dataset}
      options={[...federation.datasets].map(([ref, { dataset }]): [string, string] => [
        ref,
        `${dataset.title[language]}, ${say.version} ${dataset.version}`,
      ])}
      onChange={(value) => onChange({ dataset: value })}
    />
  );
}

function Groups({ dataset, draft, onChange }: Props) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <div class="opts">
      {Object.entries(dataset.columns).map(([name, column]) =>
        column.kind === "integer" ? null : (
          <Check
            key={name}
            label={column.title?.[language] ?? name}
            more={say.groups(column.kind === "boolean" ? 2 : column.values.length)}
            checked={draft.groupBy.includes(name)}
            onChange={(on) => onChange({ groupBy: toggled(draft.groupBy, name, on) })}
          />
        ),
      )}
    </div>
  );
}

function Periods({ dataset, draft, now, onChange }: Props & { readonly now: Date }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
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
  );
}

/** By region, of the nation, or both; and how many must answer. */
function Release({ draft, onChange }: Omit<Props, "dataset">) {
  const say = useSay(SAY);
  return (
    <>
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
    </>
  );
}

function Price({ dataset, draft, onChange }: Props) {
  const say = useSay(SAY);
  const language = useLanguage();
  const at = Math.max(
    0,
    PRICES.findIndex((part) => rhoOf(dataset, part) === draft.rho),
  );
  const part = PRICES[at] ?? PRICES[0];
  const percent = number(100 / Number(part.split("/")[1]), 2, language).replace(/[,.]?0+$/, "");
  return (
    <>
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
    </>
  );
}

function Why({ draft, onChange }: Omit<Props, "dataset">) {
  const say = useSay(SAY);
  return (
    <>
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
    </>
  );
}

export function Compose({
  federation,
  now,
  ...of
}: Omit<Props, "dataset"> & { readonly federation: Federation; readonly now: Date }) {
  const say = useSay(SAY);
  const dataset = federation.datasets.get(of.draft.dataset)?.dataset;
  if (dataset === undefined) return null;
  return (
    <form class="compose" aria-label={say.form} onSubmit={(event) => event.preventDefault()}>
      <Step n={1} title={say.what}>
        <Datasets federation={federation} {...of} />
        <Measures dataset={dataset} {...of} />
      </Step>
      <Step n={2} title={say.who}>
        <Where dataset={dataset} {...of} />
      </Step>
      <Step n={3} title={say.by}>
        <Groups dataset={dataset} {...of} />
      </Step>
      <Step n={4} title={say.when}>
        <Periods dataset={dataset} now={now} {...of} />
      </Step>
      <Step n={5} title={say.how}>
        <Release {...of} />
      </Step>
      <Step n={6} title={say.exact}>
        <Price dataset={dataset} {...of} />
      </Step>
      <Step n={7} title={say.why}>
        <Why {...of} />
      </Step>
    </form>
  );
}
