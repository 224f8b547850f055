/** Each page's name in the address. */
export const PATHS = {
  start: { sv: "", en: "" },
  indicators: { sv: "indikatorer", en: "indicators" },
  indicator: { sv: "i", en: "i" },
  regions: { sv: "regioner", en: "regions" },
  region: { sv: "r", en: "r" },
  reports: { sv: "rapporter", en: "reports" },
  ask: { sv: "fraga", en: "ask" },
  approve: { sv: "godkann", en: "approve" },
  log: { sv: "loggen", en: "log" },
  seal: { sv: "sigill", en: "seal" },
  attacks: { sv: "angrepp", en: "attacks" },
  how: { sv: "sa-fungerar-brus", en: "how-brus-works" },
  about: { sv: "om-statistiken", en: "about" },
  data: { sv: "oppna-data", en: "open-data" },
  accessibility: { sv: "tillganglighet", en: "accessibility" },
} as const satisfies Record<string, Readonly<Record<"sv" | "en", string>>>;
