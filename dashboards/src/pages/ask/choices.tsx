/** Choices of measures and of whom they are about. */
import type { Column, Dataset, IntegerColumn } from "../../../../protocol/question/catalogue.ts";
import { useLabels } from "../../data.ts";
import { useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import type { Condition, Draft } from "./draft.ts";

const SAY = {
  sv: {
    count: "Antal personer",
    mean: "medelvärde",
    share: "andel",
    quantile: "kvartiler",
    more: "Fler mått",
    all: "Alla. Lägg till ett villkor om bara några ska räknas.",
    add: "Lägg till villkor på",
    choose: "välj kolumn",
    remove: "Ta bort villkoret",
    from: "från",
    to: "till",
    yes: "ja",
    no: "nej",
  },
  en: {
    count: "Number of persons",
    mean: "mean",
    share: "share",
    quantile: "quartiles",
    more: "More measures",
    all: "Everyone. Add a condition if only some are to be counted.",
    add: "Add a condition on",
    choose: "choose a column",
    remove: "Take the condition away",
    from: "from",
    to: "to",
    yes: "yes",
    no: "no",
  },
};

type Props = { readonly draft: Draft; readonly onChange: (part: Partial<Draft>) => void };

/** Measures shown before one asks for more. */
const FIRST = 8;

export const toggled = (list: readonly string[], item: string, on: boolean): string[] =>
  on ? [...list.filter((each) => each !== item), item] : list.filter((each) => each !== item);

export function Check({
  label,
  more,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly more?: string;
  readonly checked: boolean;
  readonly onChange: (on: boolean) => void;
}) {
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>
        {label} {more !== undefined && <span class="quiet">{more}</span>}
      </span>
    </label>
  );
}

export function Measures({
  dataset,
  draft,
  onChange,
}: Pick<Props, "draft" | "onChange"> & { readonly dataset: Dataset }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const named = (name: string, { title }: Column) => title?.[language] ?? name;
  const options = Object.entries(dataset.columns).flatMap(
    ([name, column]): Array<[string, string, string]> =>
      column.kind === "integer"
        ? [
            [`mean ${name}`, named(name, column), say.mean],
            [`quantile ${name}`, named(name, column), say.quantile],
          ]
        : column.kind === "boolean"
          ? [[`share ${name}`, named(name, column), say.share]]
          : [],
  );
  const shown = options.filter(([, , kind]) => kind !== say.quantile);
  const rest = [...shown.slice(FIRST), ...options.filter(([, , kind]) => kind === say.quantile)];
  const box = ([choice, label, kind]: [string, string, string]) => (
    <Check
      key={choice}
      label={label}
      more={kind}
      checked={draft.measures.includes(choice)}
      onChange={(on) => onChange({ measures: toggled(draft.measures, choice, on) })}
    />
  );
  return (
    <>
      <div class="opts col">
        <Check
          label={say.count}
          checked={draft.measures.includes("count")}
          onChange={(on) => onChange({ measures: toggled(draft.measures, "count", on) })}
        />
        {shown.slice(0, FIRST).map(box)}
      </div>
      {rest.length > 0 && (
        <details>
          <summary>{say.more}</summary>
          <div class="opts col">{rest.map(box)}</div>
        </details>
      )}
    </>
  );
}

type OfColumn = {
  readonly condition: Condition;
  readonly onChange: (part: Partial<Condition>) => void;
};

/** The codes of a column, of which any may be chosen. */
function Codes({
  codes,
  condition: { column, values },
  onChange,
}: OfColumn & { readonly codes: readonly string[] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const named = (code: string) =>
    code === "true" ? say.yes : code === "false" ? say.no : (labels[column]?.[code]?.[language] ?? code);
  return (
    <>
      {codes.map((code) => (
        <Check
          key={code}
          label={named(code)}
          checked={values.includes(code)}
          onChange={(on) => onChange({ values: toggled(values, code, on) })}
        />
      ))}
    </>
  );
}

/** From which number to which. */
function Bounds({
  column: { min, max },
  condition: { between },
  onChange,
}: OfColumn & { readonly column: IntegerColumn }) {
  const say = useSay(SAY);
  const [from, to] = between ?? [min, max];
  const type = (event: Event, bounded: (typed: number) => readonly [number, number]) => {
    const typed = Number((event.currentTarget as HTMLInputElement).value);
    if (Number.isInteger(typed)) onChange({ between: bounded(typed) });
  };
  return (
    <>
      <label class="f">
        {say.from}
        <input
          type="text"
          inputMode="numeric"
          value={String(from)}
          onInput={(event) => type(event, (typed) => [typed, to])}
        />
      </label>
      <label class="f">
        {say.to}
        <input
          type="text"
          inputMode="numeric"
          value={String(to)}
          onInput={(event) => type(event, (typed) => [from, typed])}
        />
      </label>
    </>
  );
}

function ConditionBox({
  column,
  name,
  onRemove,
  ...of
}: OfColumn & { readonly column: Column; readonly name: string; readonly onRemove: () => void }) {
  const say = useSay(SAY);
  const codes =
    column.kind === "category" ? column.values : column.kind === "boolean" ? ["true", "false"] : [];
  return (
    <div role="group" aria-label={name}>
      <strong class="small">{name}</strong>
      <div class="opts">
        <Codes codes={codes} {...of} />
        {column.kind === "integer" && <Bounds column={column} {...of} />}
        <button type="button" class="linklike small" onClick={onRemove}>
          {say.remove}
          <span class="vh"> {name}</span>
        </button>
      </div>
    </div>
  );
}

export function Where({
  dataset,
  draft: { where },
  onChange,
}: Pick<Props, "draft" | "onChange"> & { readonly dataset: Dataset }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const named = (name: string) => dataset.columns[name]?.title?.[language] ?? name;
  const free = Object.keys(dataset.columns).filter((name) => !where.some(({ column }) => column === name));
  return (
    <>
      {where.length === 0 && <p class="small quiet">{say.all}</p>}
      {where.map((condition) => {
        const column = dataset.columns[condition.column];
        if (column === undefined) return null;
        return (
          <ConditionBox
            key={condition.column}
            column={column}
            name={named(condition.column)}
            condition={condition}
            onChange={(part) =>
              onChange({ where: where.map((each) => (each === condition ? { ...each, ...part } : each)) })
            }
            onRemove={() => onChange({ where: where.filter((each) => each !== condition) })}
          />
        );
      })}
      <Choice
        label={say.add}
        value=""
        options={[["", say.choose], ...free.map((name): [string, string] => [name, named(name)])]}
        onChange={(column) =>
          column !== "" && onChange({ where: [...where, { column, values: [], between: null }] })
        }
      />
    </>
  );
}
