/** The languages that everything is said in, to people and in what is published. */
export const LANGUAGES = ["sv", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
