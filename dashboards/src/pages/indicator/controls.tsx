/** What may be chosen of an indicator: the period, the area, groups, and by what it is broken down. */
import { isTotal, NATION } from "../../../../protocol/values/codes.ts";
import type { OverviewIndicator } from "../../../../publication/overview.ts";
import { periodsOf } from "../../figures.ts";
import { listed, period, upper, useLanguage, useSay } from "../../language.ts";
import { Choice } from "../../parts/choice.tsx";
import { change } from "../../router.tsx";
import type { Part } from "./part.ts";

const SAY = {
  sv: {
    period: "Period",
    region: "Region",
    table: "Uppdelning",
    both: "Alla",
    controls: "Val",
    whole: "inte uppdelat",
    nation: "riket",
    year: "per år",
    quarter: "per kvartal",
    month: "per månad",
  },
  en: {
    period: "Period",
    region: "Region",
    table: "Broken down by",
    both: "All",
    controls: "Choices",
    whole: "not broken down",
    nation: "the nation",
    year: "by year",
    quarter: "by quarter",
    month: "by month",
  },
};

/** The groups of one column, or all of them. */
function Groups({
  column: { code, label, values },
  chosen,
}: Pick<Part, "chosen"> & { readonly column: Part["view"]["columns"][number] }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Choice
      label={upper(label[language])}
      value={chosen.groups[code] ?? ""}
      options={values.map((value) => [
        isTotal(value.code) ? "" : value.code,
        isTotal(value.code) ? say.both : upper(value.label[language]),
      ])}
      onChange={(value) => change({ [code]: value })}
    />
  );
}

/** The tables that an indicator is published in: by which columns, how often, and whether of the nation alone. */
function Tables({ of, shown }: { readonly of: OverviewIndicator; readonly shown: string }) {
  const say = useSay(SAY);
  const language = useLanguage();
  return (
    <Choice
      label={say.table}
      value={shown}
      options={of.tables.map(({ id, columns, by, nationOnly }) => {
        const labels = columns.map(({ label }) => label[language]);
        const what = labels.length === 0 ? say.whole : listed(labels, language);
        return [id, upper([what, say[by], ...(nationOnly ? [say.nation] : [])].join(", "))];
      })}
      onChange={(value) => change({ table: value === of.table ? null : value })}
    />
  );
}

export function Controls({
  of,
  view,
  chosen,
  names,
}: Pick<Part, "view" | "chosen" | "names"> & { readonly of: OverviewIndicator }) {
  const say = useSay(SAY);
  const language = useLanguage();
  const areas = view.regions.values;
  return (
    <div class="controls" role="group" aria-label={say.controls}>
      <Choice
        label={say.period}
        value={chosen.period}
        options={periodsOf(view)
          .toReversed()
          .map((code) => [code, upper(period(code, language))])}
        onChange={(value) => change({ period: value })}
      />
      {areas.length > 1 && (
        <Choice
          label={say.region}
          value={chosen.region}
          options={areas.map(({ code }) => [code, upper(names(code))])}
          onChange={(value) => change({ region: value === NATION ? null : value })}
        />
      )}
      {view.columns.map((column) => (
        <Groups key={column.code} column={column} chosen={chosen} />
      ))}
      {of.tables.length > 1 && <Tables of={of} shown={view.id} />}
    </div>
  );
}
