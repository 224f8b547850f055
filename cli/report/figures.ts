/** How a report writes figures, differences and the names of regions. */
import type { Language } from "../../protocol/values/language.ts";
import type { Cube } from "../../publication/cube.ts";
import { SAYS } from "./words.ts";

/** What a region is called; its code where it is not named. */
export const regionName = (cube: Cube, code: string, language: Language): string =>
  cube.regions.values.find((value) => value.code === code)?.label[language] ?? code;

/** As people write it: a share in per cent, other figures with as many decimals as their interval bears. */
export function written(cube: Cube, value: number, language: Language): string {
  const { produced } = cube.indicator;
  const share = produced.by === "measure" && produced.measure.kind === "share";
  const locale = language === "sv" ? "sv-SE" : "en-GB";
  if (share) return `${(100 * value).toLocaleString(locale, { maximumFractionDigits: 1 })} %`;
  return value.toLocaleString(locale, { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 1 });
}

export const decimal = (value: number, language: Language): string =>
  value.toLocaleString(language === "sv" ? "sv-SE" : "en-GB", { maximumFractionDigits: 1 });

/** A difference of shares is in percentage points. */
export function difference(cube: Cube, value: number, language: Language): string {
  const { produced } = cube.indicator;
  const share = produced.by === "measure" && produced.measure.kind === "share";
  // Two shares cannot be further apart than all is from nothing.
  const text = written(cube, share ? Math.min(1, value) : value, language);
  return text.endsWith(" %") ? `${text.slice(0, -2)} ${SAYS[language].points}` : text;
}
