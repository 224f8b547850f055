/** Structured logs on standard error. Never a secret, a row or a count: what is logged is named field by field. */
import { type Logger, pino } from "pino";
import { Refusal } from "../protocol/values/refusal.ts";

export type { Logger } from "pino";

export const LEVELS = ["silent", "error", "warn", "info", "debug"] as const;

export const loggerOf = (name: string, level: (typeof LEVELS)[number]): Logger =>
  pino({ name, level, base: { name } }, pino.destination({ dest: 2, sync: true }));

/**
 * What may be logged of something unexpected: its kind and where in our code it rose. Never its message, since a
 * database's may quote a row or a parameter.
 */
export function nameOf(error: unknown): { kind: string; code: string | null; at: string[] } {
  if (!(error instanceof Error)) return { kind: typeof error, code: null, at: [] };
  const deepest = error.cause instanceof Error ? error.cause : error;
  const frames = (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !line.includes("node_modules"));
  const code =
    "code" in deepest && typeof deepest.code === "string"
      ? deepest.code
      : error instanceof Refusal
        ? error.code
        : null;
  return { kind: deepest.name, code, at: frames.slice(0, 4).map((line) => line.trim()) };
}

/** A process's last resort: says what kind of thing it was, never its message, and ends; what was accepted is on disk. */
export function endOnUnexpected(logger: Logger): void {
  process.on("uncaughtException", (error) => {
    logger.fatal({ error: nameOf(error) }, "unexpected");
    process.exit(1);
  });
}
