/** The table of attacks: what somebody may try, what keeps it out, and the tests that show it. For people, as data. */
import { z } from "zod";
import { Instant } from "../protocol/values/names.ts";
import { Text } from "../protocol/values/text.ts";

export const Attacks = z
  .array(
    z.strictObject({
      number: z.int().min(1),
      attack: Text,
      /** Who may try it. */
      attacker: Text,
      keeps: Text,
      tests: z.array(z.strictObject({ file: z.string().max(200), name: z.string().max(300) })).min(1),
    }),
  )
  .refine((rows) => rows.every(({ number }, at) => number === at + 1), "expected rows 1, 2, 3 and so on");
export type Attacks = z.infer<typeof Attacks>;

/** What CI writes once every test has passed: on which commit, and when. */
export const Passed = z.strictObject({ commit: z.string().regex(/^[0-9a-f]{40}$/), time: Instant });
export type Passed = z.infer<typeof Passed>;

/** As the page is sent it; `passed` is null where nothing is on record of what is installed here. */
export type ShownAttacks = { readonly rows: Attacks; readonly passed: Passed | null };
