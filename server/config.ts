/**
 * Configuration files, YAML or JSON, checked by schema; every value can also be given as an environment variable,
 * `BRUS_` and the key in capitals (`databaseUrl` is BRUS_DATABASE_URL), which then wins.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { z } from "zod";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";

export function readConfig<S extends z.ZodObject>(
  schema: S,
  path: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const fromFile = path === null ? {} : readDocument(path);
  if (typeof fromFile !== "object" || fromFile === null || Array.isArray(fromFile)) {
    throw new Refusal("config-invalid", "expected the configuration to be a mapping of keys to values");
  }
  const fromEnvironment = Object.keys(schema.shape).flatMap((key) => {
    const value = environment[variableOf(key)];
    return value === undefined ? [] : [[key, scalar(value)] as const];
  });
  return parseWith(
    schema,
    { ...fromFile, ...Object.fromEntries(fromEnvironment) },
    "configuration",
    "config-invalid",
  );
}

/** YAML's core schema, in which JSON is contained; keys once each, no aliases, no custom tags. */
export function readDocument(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new Refusal("config-invalid", `expected a readable file at ${path}`, { cause });
  }
  try {
    return parse(text, { schema: "core", uniqueKeys: true, maxAliasCount: 0 });
  } catch (cause) {
    throw new Refusal("config-invalid", `expected YAML or JSON in ${path}`, { cause });
  }
}

export const variableOf = (key: string): string =>
  `BRUS_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`;

const scalar = (text: string): unknown => (/^(true|false|\d{1,15})$/.test(text) ? JSON.parse(text) : text);
