/** Codes that areas and totals go by in everything that is released and published. Loads nothing: pages need them too. */

/** All regions together. */
export const NATION = "00";

/** The code of the total over a column. */
export const totalCode = (column: string): string => (column === "sex" ? "TotSa" : "Tot");

export const isTotal = (code: string): boolean => code === totalCode("") || code === totalCode("sex");
