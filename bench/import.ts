/** CSV rows a second into each engine, pseudonyms, encrypted identities and weights included. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CARE_EXPERIENCE, CARE_EXPERIENCE_MAPPING, journalOf } from "../cli/demo/journals.ts";
import { importFile } from "../node/import/import.ts";
import { readMapping } from "../node/import/mapping.ts";
import { systemRandom } from "../node/random.ts";
import { prepareNode } from "../node/store/database.ts";
import { writeDataset } from "../protocol/question/catalogue.ts";
import { withEngines } from "./engines.ts";
import { median, report } from "./report.ts";

const ROWS = 1_000_000;

export async function importing(): Promise<void> {
  const text = journalOf({ code: "01", name: "Bench", population: 0 }, ROWS, 1);
  await withEngines(async ({ engine, folder, store }) => {
    const keys = {
      pseudonym: new Uint8Array(32).fill(1),
      record: new Uint8Array(32).fill(3),
      encryption: new Uint8Array(32).fill(2),
    };
    const rates: number[] = [];
    for (let run = 1; run <= 3; run++) {
      // A dataset, and persons, of its own for each run: every run is a first import.
      const { dataset } = writeDataset({ ...CARE_EXPERIENCE, version: run });
      await prepareNode(store, [dataset]);
      const path = join(folder, `${run}.csv`);
      writeFileSync(path, text.replaceAll("\n01-", `\n${run}-`));
      const start = performance.now();
      const { rows } = await importFile(
        { dataset, mapping: readMapping(CARE_EXPERIENCE_MAPPING), path, dryRun: false },
        {
          store,
          keys,
          data: folder,
          threads: 2,
          now: () => new Date(),
          random: systemRandom,
          onProgress: () => undefined,
        },
      );
      rates.push(rows / ((performance.now() - start) / 1000));
    }
    report({ name: `import/${engine}`, value: median(rates), unit: "rows/s", rows: ROWS });
  });
}
