/** The answer to a question, checked against what the regions signed before it is shown. */
import type { Federation } from "../../../../protocol/federation/directory.ts";
import type { Dataset } from "../../../../protocol/question/catalogue.ts";
import type { Measure } from "../../../../protocol/question/query.ts";
import { measureText } from "../../../../protocol/question/words.ts";
import type { Cell } from "../../../../protocol/release/cells.ts";
import type { Hash } from "../../../../protocol/values/bytes.ts";
import { NATION } from "../../../../protocol/values/codes.ts";
import { fetchResult } from "../../../../protocol/wire/fetch-release.ts";
import { csvText } from "../../charts/csv.ts";
import { IntervalCell } from "../../charts/interval.tsx";
import { download } from "../../charts/save.ts";
import { type Scale, scaleOver } from "../../charts/scale.ts";
import { useLabels, useLoaded } from "../../data.ts";
import { period, type Quantity, upper, useLanguage, useSay } from "../../language.ts";
import { Seal } from "../../parts/seal.tsx";
import { Loaded } from "../../parts/shell.tsx";
import { Value } from "../../parts/value.tsx";
import { client } from "../../proof/federation.ts";
import { namesOf } from "../../sentences.ts";

const SAY = {
  sv: {
    checked:
      "Prövat här innan det visas: utgåvans signatur, varje regions, och att tabellen är summan av svaren.",
    cell: "Cell",
    value: "Värde och 95 %",
    chart: "Diagram",
    nation: "Riket",
    withheld: "kan inte anges",
    unknown: "uppgift saknas",
    yes: "ja",
    no: "nej",
    csv: "CSV",
    json: "JSON",
    receipt: "Kvitto (tlog-proof)",
    more: (n: number) => `${n} rader till finns i filerna.`,
  },
  en: {
    checked:
      "Checked here before it is shown: the release's signature, each region's, and that the table is the sum of the answers.",
    cell: "Cell",
    value: "Value and 95 %",
    chart: "Chart",
    nation: "The nation",
    withheld: "cannot be given",
    unknown: "not stated",
    yes: "yes",
    no: "no",
    csv: "CSV",
    json: "JSON",
    receipt: "Receipt (tlog-proof)",
    more: (n: number) => `${n} more rows are in the files.`,
  },
};

/** Rows shown of a measure; the files have all. */
const MOST = 120;

function csvOf(cells: readonly Cell[]): string {
  const columns = [...new Set(cells.flatMap(({ at }) => Object.keys(at)))];
  return csvText(
    [...columns, "measure", "value", "se", "low", "high", "flag"],
    cells.map(({ at, measure, value, se, low, high, flag }) => [
      ...columns.map((column) => at[column] ?? ""),
      measure,
      value,
      se,
      low,
      high,
      flag,
    ]),
  );
}

type Found = Awaited<ReturnType<typeof fetchResult>>;

/** How a cell is named: by the region, the period and the groups that it is of. */
function useCellName(federation: Federation): (cell: Cell) => string {
  const say = useSay(SAY);
  const language = useLanguage();
  const labels = useLabels();
  const names = namesOf(federation.directory.nodes, language);
  const said = (column: string, value: string | null): string => {
    if (column === "region") return value === NATION ? say.nation : names(value ?? "");
    if (column === "period") return upper(period(value ?? "", language));
    if (value === null) return say.unknown;
    const label = labels[column]?.[value];
    if (label !== undefined) return upper(label[language]);
    return value === "true" ? say.yes : value === "false" ? say.no : value;
  };
  return ({ at }) =>
    Object.entries(at)
      .map(([column, value]) => said(column, value))
      .join(", ");
}

function CellRow({
  cell,
  name,
  of,
  scale,
}: {
  readonly cell: Cell;
  readonly name: string;
  readonly of: Quantity;
  readonly scale: Scale;
}) {
  const say = useSay(SAY);
  const { value, low, high } = cell;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" class="small">
        {name}
      </th>
      <td role="cell" class="val">
        {value === null || low === null || high === null ? (
          <>
            <strong>..</strong> <span class="quiet small">{say.withheld}</span>
          </>
        ) : (
          <Value of={of} value={value} low={low} high={high} />
        )}
      </td>
      <td role="cell" class="cv">
        <IntervalCell
          row={{ figure: { ...cell, display: null }, thin: null, tone: "no certain difference" }}
          scale={scale}
          nation={null}
        />
      </td>
    </tr>
  );
}

/** A measure in all its cells, or as many as a page can show. */
function MeasureFigure({
  kind,
  title,
  cells,
  nameOf,
}: {
  readonly kind: Measure["kind"];
  readonly title: string;
  readonly cells: readonly Cell[];
  readonly nameOf: (cell: Cell) => string;
}) {
  const say = useSay(SAY);
  const shown = cells.slice(0, MOST);
  const ends = shown.flatMap(({ low, high, flag }) =>
    low === null || high === null || flag === "unreliable" ? [] : [low, high],
  );
  const scale = scaleOver(ends.length === 0 ? [0, 1] : ends);
  return (
    <figure>
      <table class="rows" role="table">
        <caption>{title}</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              {say.cell}
            </th>
            <th role="columnheader" scope="col" class="c-val">
              {say.value}
            </th>
            <th role="columnheader" scope="col">
              {say.chart}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((cell, at) => (
            <CellRow
              key={at}
              cell={cell}
              name={nameOf(cell)}
              of={{ produced: { by: "measure", measure: { kind } } }}
              scale={scale}
            />
          ))}
        </tbody>
      </table>
      {cells.length > MOST && <p class="small quiet">{say.more(cells.length - MOST)}</p>}
    </figure>
  );
}

/** The answer as files, its receipt, and its seal. */
function Files({
  found: { cells, releaseId, envelope, table },
  what,
}: {
  readonly found: Found;
  readonly what: string;
}) {
  const say = useSay(SAY);
  const save = (ending: string, text: string, type: string) =>
    download(`${releaseId.slice(7, 23)}.${ending}`, new Blob([text], { type }));
  const receipt = async () => {
    const { receipt: text } = await client("getReceipt", { params: { id: releaseId } });
    save("tlog-proof", text, "text/plain");
  };
  return (
    <p class="figfoot small">
      <button type="button" onClick={() => save("csv", csvOf(cells), "text/csv")}>
        {say.csv}
      </button>
      <button
        type="button"
        onClick={() => save("json", JSON.stringify({ document: envelope, table }), "application/json")}
      >
        {say.json}
      </button>
      <button type="button" onClick={() => void receipt()}>
        {say.receipt}
      </button>
      <Seal table="" release={releaseId} query={{}} what={what} />
    </p>
  );
}

export function Result({
  federation,
  id,
  dataset,
}: {
  readonly federation: Federation;
  readonly id: Hash;
  readonly dataset: Dataset;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const loaded = useLoaded(id, async () => await fetchResult(client, federation, id));
  const nameOf = useCellName(federation);
  const title = (measure: Measure) => measureText(measure, dataset, language);
  return (
    <Loaded of={loaded}>
      {(found) => (
        <>
          <p class="small w-ok">{say.checked}</p>
          {found.plan.measures.map(({ measure }) => (
            <MeasureFigure
              key={measure.id}
              kind={measure.kind}
              title={title(measure)}
              cells={found.cells.filter((cell) => cell.measure === measure.id)}
              nameOf={nameOf}
            />
          ))}
          <Files
            found={found}
            what={title(found.plan.measures[0]?.measure ?? { id: "persons", kind: "count" })}
          />
        </>
      )}
    </Loaded>
  );
}
