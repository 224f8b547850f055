/** The catalogue that comes with Brus: indicators with the id they are bound by, names of codes, the public population. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Indicator, readIndicators } from "../protocol/question/indicator.ts";
import { Population } from "../protocol/question/population.ts";
import { documentId } from "../protocol/signing/envelope.ts";
import { concat, type Hash, hashOf } from "../protocol/values/bytes.ts";
import { parseJson } from "../protocol/values/json.ts";
import { Labels } from "../protocol/values/text.ts";

const CATALOGUE = join(import.meta.dirname, "../catalogue");

export type Catalogue = {
  readonly indicators: readonly Indicator[];
  readonly labels: Labels;
  readonly population: Population;
  /** The indicators as bytes, and the id of these. */
  readonly body: Uint8Array;
  readonly hash: Hash;
  /** Changes with anything of it. */
  readonly version: Hash;
};

export function catalogueHere(): Catalogue {
  const file = (name: string): Uint8Array => readFileSync(join(CATALOGUE, name));
  const [body, labels, population] = [file("indicators.json"), file("labels.json"), file("population.json")];
  return {
    indicators: readIndicators(parseJson(body)),
    labels: Labels.parse(parseJson(labels)),
    population: Population.parse(parseJson(population)),
    body,
    hash: documentId("indicators", body),
    version: hashOf(concat(body, labels, population)),
  };
}
