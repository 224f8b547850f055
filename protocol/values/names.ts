/**
 * What regions, persons and instants are called, everywhere and on the wire. Names alone: nothing here knows who is
 * who.
 */
import { z } from "zod";
import { NATION } from "./codes.ts";

export const RegionCode = z
  .string()
  .regex(/^[0-9A-Z][0-9A-Za-z-]{0,15}$/, "expected a region code such as 01")
  .refine((code) => code !== NATION, "expected a region: 00 stands for the nation");
export type RegionCode = z.infer<typeof RegionCode>;

/** A person of the directory: opaque, since names and titles stand beside the log, never in it. */
export const PersonId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, "expected a person's opaque id");

/** An instant, in UTC, to the second. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "expected an instant such as 2026-11-22T08:00:00Z")
  .refine((text) => !Number.isNaN(Date.parse(text)), "expected an instant that exists");
export const instant = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** 16 random bytes in hexadecimal: what is signed again with the same words is another document. */
export const Nonce = z.string().regex(/^[0-9a-f]{32}$/, "expected 16 random bytes in hexadecimal");
