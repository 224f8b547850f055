/** Text for people, as documents carry it: bounded, and in both languages where everyone reads it. */
import { z } from "zod";

/** Bounded, well-formed, in normal form C, without control or direction-changing characters. */
export const textOf = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.normalize("NFC") === text, "expected text in Unicode normal form C")
    .refine((text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text), "expected text without control characters");

/** In Swedish and in English. */
export const Text = z.strictObject({ sv: textOf(500), en: textOf(500) }).readonly();
export type Text = z.infer<typeof Text>;

/** Names of codes, by column: `sex` → `1` → men. */
export const Labels = z.record(z.string(), z.record(z.string(), Text).readonly()).readonly();
export type Labels = z.infer<typeof Labels>;
