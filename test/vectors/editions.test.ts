/**
 * Plans of the first edition, as they were made before there was a second: whoever recomputes a release of then gets the
 * same vectors, noise, charge and figures, byte for byte. `edition-1.json` was made by the program of 97fd5ab.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planOf } from "../../protocol/plan/plan.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { Query } from "../../protocol/question/query.ts";
import { parseWith } from "../../protocol/values/refusal.ts";
import { digestOf } from "../support/plan-digest.ts";

type Vectors = {
  readonly datasets: ReadonlyArray<Parameters<typeof writeDataset>[0]>;
  readonly cases: ReadonlyArray<
    { readonly name: string; readonly dataset: number; readonly query: object } & ReturnType<typeof digestOf>
  >;
};
const { datasets, cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, "edition-1.json"), "utf8"),
) as Vectors;

test.each(cases)("$name", ({ dataset, query, plan, cells, charge, vectors }) => {
  const { dataset: of } = writeDataset(datasets[dataset] ?? expect.fail());
  const asked = parseWith(Query, { ...query, purpose: `sha256:${"0".repeat(64)}` }, "query");
  expect(digestOf(planOf(asked, of, 4))).toEqual({ plan, cells, charge, vectors });
});
