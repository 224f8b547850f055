/** Rows as a file that spreadsheets open. */
const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** What is null is empty. */
export function csvText(
  columns: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | number | null>>,
): string {
  const lines = rows.map((cells) => cells.map((cell) => quoted(String(cell ?? ""))).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}
