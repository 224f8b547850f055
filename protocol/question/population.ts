/** The public population, by region and sex: what rates are of. Counted by others, and without noise. */
import { z } from "zod";
import { Text, textOf } from "../values/text.ts";

export const Population = z.strictObject({
  source: textOf(300),
  /** What everyone must read with a rate of it. */
  note: Text,
  /** By region, then by code of sex, the total's among them. */
  persons: z.record(z.string(), z.record(z.string(), z.int().min(0)).readonly()).readonly(),
});
export type Population = z.infer<typeof Population>;
