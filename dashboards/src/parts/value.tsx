/** A figure as it stands in a table's cell: the value, and quieter its interval of 95 per cent. */
import { figure, type Quantity, range, useLanguage } from "../language.ts";

export function Value({
  of,
  value,
  low,
  high,
}: {
  readonly of: Quantity;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}) {
  const language = useLanguage();
  return (
    <>
      <strong>{figure(of, value, language)}</strong>{" "}
      <span class="quiet small num">{range(of, low, high, language)}</span>
    </>
  );
}
