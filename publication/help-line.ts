/** Whoever meets figures of suicide meets a help line with them, first: on pages, in tables' notes, in reports. */
import type { Indicator } from "../protocol/question/indicator.ts";
import type { Text } from "../protocol/values/text.ts";

export const HELP_LINE = {
  sv: "Har du tankar på att ta ditt liv? Ring eller chatta med Självmordslinjen, 90101, dygnet runt. Är det akut, ring 112.",
  en: "Are you thinking of taking your life? Call Självmordslinjen, 90101, day or night. In an emergency, call 112.",
} as const satisfies Text;

/** Whether what shows these indicators must show the help line. */
export const needsHelpLine = (
  shown: ReadonlyArray<{ readonly subject?: Indicator["subject"] | null }>,
): boolean => shown.some(({ subject }) => subject === "suicide");
