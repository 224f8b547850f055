/** Choices of measures and of whom they are about. */
import type { Column, Dataset } from "../../../../protocol/question/catalogue.ts";
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

export function Where({
  dataset,
  draft,
  onChange,
}: Pick<Props, "draft" | "onChange"> & { readonly dataset: Dataset }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const named = (name: string) => dataset.columns[name]?.title?.[language] ?? name;
  const replace = (column: string, part: Partial<Condition>) =>
    onChange({ where: draft.where.map((each) => (each.column === column ? { ...each, ...part } : each)) });
  const free = Object.keys(dataset.columns).filter(
    (name) => !draft.where.some(({ column }) => column === name),
  );
  return (
    <>
      {draft.where.length === 0 && <p class="small quiet">{say.all}</p>}
      {draft.where.map(({ column: name, values, between }) => {
        const column = dataset.columns[name];
        if (column === undefined) return null;
        const codes =
          column.kind === "category" ? column.values : column.kind === "boolean" ? ["true", "false"] : [];
        return (
          <div key={name} role="group" aria-label={named(name)}>
            <strong class="small">{named(name)}</strong>
            <div class="opts">
              {codes.map((code) => (
                <Check
                  key={code}
                  label={
                    code === "true"
                      ? say.yes
                      : code === "false"
                        ? say.no
                        : (labels[name]?.[code]?.[language] ?? code)
                  }
                  checked={values.includes(code)}
                  onChange={(on) => replace(name, { values: toggled(values, code, on) })}
                />
              ))}
              {column.kind === "integer" &&
                ([0, 1] as const).map((end) => (
                  <label key={end} class="f">
                    {end === 0 ? say.from : say.to}
                    <input
                      type="text"
                      inputMode="numeric"
                      value={String(between?.[end] ?? (end === 0 ? column.min : column.max))}
                      onInput={(event) => {
                        const typed = Number(event.currentTarget.value);
                        if (!Number.isInteger(typed)) return;
                        const now = between ?? [column.min, column.max];
                        replace(name, { between: end === 0 ? [typed, now[1]] : [now[0], typed] });
                      }}
                    />
                  </label>
                ))}
              <button
                type="button"
                class="linklike small"
                onClick={() => onChange({ where: draft.where.filter((each) => each.column !== name) })}
              >
                {say.remove}
                <span class="vh"> {named(name)}</span>
              </button>
            </div>
          </div>
        );
      })}
      <Choice
        label={say.add}
        value=""
        options={[["", say.choose], ...free.map((name): [string, string] => [name, named(name)])]}
        onChange={(column) =>
          column !== "" && onChange({ where: [...draft.where, { column, values: [], between: null }] })
        }
      />
    </>
  );
}
