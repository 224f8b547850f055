/** The code of all regions together, and those of totals; as in `protocol/`, without what else is there. */
export const NATION = "00";
export const isTotal = (code: string): boolean => code === "Tot" || code === "TotSa";
/** Views of suicide carry the help line. */
export const ofSuicide = (id: string): boolean => id.startsWith("suicid");
