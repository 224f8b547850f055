/** Views of suicide carry the help line. */
export const ofSuicide = (id: string): boolean => id.startsWith("suicid");
