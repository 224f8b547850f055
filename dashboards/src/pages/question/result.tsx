/** The answer to a question, checked against what the regions signed before it is shown. */
import type { Federation } from "../../../../protocol/federation/directory.ts";
import type { Dataset } from "../../../../protocol/question/catalogue.ts";
import { measureText } from "../../../../protocol/question/words.ts";
import type { Cell } from "../../../../protocol/release/cells.ts";
import type { Hash } from "../../../../protocol/values/bytes.ts";
import { NATION } from "../../../../protocol/values/codes.ts";
import { fetchResult } from "../../../../protocol/wire/fetch-release.ts";
import { IntervalCell } from "../../charts/interval.tsx";
import { download } from "../../charts/save.ts";
import { scaleOver } from "../../charts/scale.ts";
import { useLabels, useLoaded } from "../../data.ts";
import { figure, period, type Quantity, range, upper, useLanguage, useSay } from "../../language.ts";
import { Seal } from "../../parts/seal.tsx";
import { Loaded } from "../../parts/shell.tsx";
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

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csvOf(cells: readonly Cell[]): string {
  const columns = [...new Set(cells.flatMap(({ at }) => Object.keys(at)))];
  const head = [...columns, "measure", "value", "se", "low", "high", "flag"];
  const rows = cells.map((cell) =>
    [
      ...columns.map((column) => String(cell.at[column] ?? "")),
      cell.measure,
      cell.value ?? "",
      cell.se ?? "",
      cell.low ?? "",
      cell.high ?? "",
      cell.flag ?? "",
    ]
      .map((each) => quoted(String(each)))
      .join(","),
  );
  return `${[head.join(","), ...rows].join("\n")}\n`;
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
  const labels = useLabels();
  const names = namesOf(federation.directory.nodes, language);
  const said = (column: string, value: string | null): string => {
    if (column === "region") return value === NATION ? say.nation : names(value ?? "");
    if (column === "period") return upper(period(value ?? "", language));
    if (value !== null && labels[column]?.[value] !== undefined)
      return upper(labels[column]?.[value]?.[language] ?? value);
    return value === null ? say.unknown : value === "true" ? say.yes : value === "false" ? say.no : value;
  };
  return (
    <Loaded of={loaded}>
      {({ plan, cells, releaseId, envelope, table }) => (
        <>
          <p class="small w-ok">{say.checked}</p>
          {plan.measures.map(({ measure }) => {
            const own = cells.filter((cell) => cell.measure === measure.id);
            const of: Quantity = { produced: { by: "measure", measure: { kind: measure.kind } } };
            const ends = own
              .slice(0, MOST)
              .flatMap(({ low, high, flag }) =>
                low === null || high === null || flag === "unreliable" ? [] : [low, high],
              );
            const scale = scaleOver(ends.length === 0 ? [0, 1] : ends);
            return (
              <figure key={measure.id}>
                <table class="rows" role="table">
                  <caption>{measureText(measure, dataset, language)}</caption>
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
                    {own.slice(0, MOST).map((cell, at) => (
                      <tr role="row" key={at}>
                        <th role="rowheader" scope="row" class="small">
                          {[...Object.entries(cell.at).map(([column, value]) => said(column, value))].join(
                            ", ",
                          )}
                        </th>
                        <td role="cell" class="val">
                          {cell.value === null || cell.low === null || cell.high === null ? (
                            <>
                              <strong>..</strong> <span class="quiet small">{say.withheld}</span>
                            </>
                          ) : (
                            <>
                              <strong>{figure(of, cell.value, language)}</strong>{" "}
                              <span class="quiet small num">{range(of, cell.low, cell.high, language)}</span>
                            </>
                          )}
                        </td>
                        <td role="cell" class="cv">
                          <IntervalCell
                            row={{
                              figure: { ...cell, display: null },
                              thin: null,
                              tone: "no certain difference",
                            }}
                            scale={scale}
                            nation={null}
                          />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                {own.length > MOST && <p class="small quiet">{say.more(own.length - MOST)}</p>}
              </figure>
            );
          })}
          <p class="figfoot small">
            <button
              type="button"
              onClick={() =>
                download(`${releaseId.slice(7, 23)}.csv`, new Blob([csvOf(cells)], { type: "text/csv" }))
              }
            >
              {say.csv}
            </button>
            <button
              type="button"
              onClick={() =>
                download(
                  `${releaseId.slice(7, 23)}.json`,
                  new Blob([JSON.stringify({ document: envelope, table })], { type: "application/json" }),
                )
              }
            >
              {say.json}
            </button>
            <button
              type="button"
              onClick={() =>
                void client("getReceipt", { params: { id: releaseId } }).then(({ receipt }) =>
                  download(
                    `${releaseId.slice(7, 23)}.tlog-proof`,
                    new Blob([receipt], { type: "text/plain" }),
                  ),
                )
              }
            >
              {say.receipt}
            </button>
            <Seal
              table=""
              release={releaseId}
              query={{}}
              what={measureText(
                plan.measures[0]?.measure ?? { id: "persons", kind: "count" },
                dataset,
                language,
              )}
            />
          </p>
        </>
      )}
    </Loaded>
  );
}
