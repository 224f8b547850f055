/**
 * Made-up journals of care experiences for the demonstration: seeded, plausible, nobody's. The seed concerns these
 * made-up data alone; noise is never seeded.
 */
import type { z } from "zod";
import type { Dataset } from "../../protocol/question/catalogue.ts";
import type { Region } from "./regions.ts";

const DIMENSIONS = ["listening", "root_causes", "respect", "continuity", "effect", "clarity"] as const;
const TITLES = {
  listening: ["Bemötande och lyssnande", "Manner and listening"],
  root_causes: ["Vilja att utforska grundorsaker", "Willingness to explore root causes"],
  respect: ["Respekt för perspektiv och autonomi", "Respect for perspective and autonomy"],
  continuity: ["Kontinuitet och uppföljning", "Continuity and follow-up"],
  effect: ["Behandlingens effekt", "Effect of treatment"],
  clarity: ["Tydlighet i information", "Clarity of information"],
} as const;
const AGES = ["16-29", "30-44", "45-64", "65-84", "85+"] as const;
const UNITS = [
  "primary-care",
  "psychiatry-outpatient",
  "psychiatry-inpatient",
  "emergency",
  "youth-clinic",
] as const;
const TARGETS = ["none", "young", "neuropsychiatric", "addiction", "foreign-born"] as const;
export const QUARTERS = ["2025K1", "2025K2", "2025K3", "2025K4", "2026K1", "2026K2", "2026K3"] as const;

export const CARE_EXPERIENCE: z.input<typeof Dataset> = {
  dataset: "care-experience",
  version: 1,
  title: { sv: "Vårdupplevelser", en: "Care experiences" },
  person: "one person within one region",
  period: "quarter",
  graceDays: 14,
  rowsPerPerson: 5,
  ledgerGroup: "journal",
  maxPersons: 4_000_000,
  columns: {
    sex: { kind: "category", values: ["1", "2"], title: { sv: "Kön", en: "Sex" } },
    age_group: { kind: "category", values: [...AGES], title: { sv: "Åldersgrupp", en: "Age group" } },
    unit_type: { kind: "category", values: [...UNITS], title: { sv: "Enhetstyp", en: "Unit type" } },
    target_group: { kind: "category", values: [...TARGETS], title: { sv: "Målgrupp", en: "Target group" } },
    ...Object.fromEntries(
      DIMENSIONS.map((name) => [
        name,
        {
          kind: "integer",
          min: 0,
          max: 100,
          nullable: true,
          title: { sv: TITLES[name][0], en: TITLES[name][1] },
        } as const,
      ]),
    ),
    side_effects: {
      kind: "boolean",
      title: { sv: "Allvarliga biverkningar", en: "Serious side effects" },
    },
  },
  budget: { rhoPerPeriod: "1/4", delta: "1e-9" },
};

export const CARE_EXPERIENCE_MAPPING = {
  person: "person_id",
  identity: "text",
  period: { column: "quarter" },
  columns: Object.fromEntries(Object.keys(CARE_EXPERIENCE.columns).map((name) => [name, { column: name }])),
};

/** A small fast generator for made-up data (mulberry32): 32 bits of state, uniform on [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A region's journal as CSV, about `rows` rows: most persons write once, some many times. */
export function journalOf(region: Region, rows: number, seed: number): string {
  const random = seeded(seed * 1000 + Number.parseInt(region.code, 36));
  const pick = <T>(values: readonly T[], weights: readonly number[]): T => {
    let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    return values[Math.max(0, index)] as T; // The list is not empty and the index within it.
  };
  // A generator of its own: a rare event, twice as common among the young.
  const rarely = seeded(seed * 1000 + 500 + Number.parseInt(region.code, 36));
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const regionEffect = DIMENSIONS.map(() => 4 * normal());
  const lines = [["person_id", "quarter", ...Object.keys(CARE_EXPERIENCE.columns)].join(",")];
  for (let person = 1; lines.length <= rows; person++) {
    const id = `${region.code}-${String(person).padStart(7, "0")}`;
    const sex = pick(["1", "2"], [46, 54]);
    const age = pick(AGES, [20, 22, 28, 25, 5]);
    const target = pick(TARGETS, [70, age === "16-29" ? 20 : 1, 8, 6, 12]);
    const mood =
      12 * normal() - (target === "addiction" ? 9 : 0) + (age === "65-84" ? 4 : 0) - (sex === "2" ? 2 : 0);
    const writes = pick([1, 2, 3, 5, 9], [68, 18, 8, 4, 2]);
    for (let row = 0; row < writes && lines.length <= rows; row++) {
      const unit = pick(UNITS, [50, 20, 6, 16, age === "16-29" ? 12 : 1]);
      const trend = QUARTERS.indexOf(pick(QUARTERS, [1, 1, 1, 1, 1.2, 1.2, 1.2]));
      const scores = DIMENSIONS.map((_, index) => {
        if (random() < 0.06) return "";
        const centre =
          64 + (regionEffect[index] ?? 0) - 2 * index + 0.6 * trend - (unit === "emergency" ? 8 : 0);
        return String(Math.max(0, Math.min(100, Math.round(centre + mood + 16 * normal()))));
      });
      const harmed = rarely() < (age === "16-29" ? 0.008 : 0.004);
      lines.push([id, QUARTERS[trend], sex, age, unit, target, ...scores, harmed].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** What the demonstration asks. */
export const DEMO_QUERY = {
  dataset: "care-experience@1",
  title: "How well patients were listened to, 2026",
  purpose:
    "To show what 21 regions can answer together: how well patients were listened to, and how sure that is.",
  periods: ["2026K1", "2026K2", "2026K3"],
  groupBy: [],
  measures: [
    { id: "persons", kind: "count" },
    { id: "listening", kind: "mean", column: "listening" },
    { id: "well_heard", kind: "share", predicate: { column: "listening", between: [70, 100] } },
  ],
  release: "regions",
  regions: "all",
  minRegions: 15,
  pool: true,
  rho: "1/50",
};

/**
 * Something rare, asked in both ways at the same ρ: of another year than the first question, so that whoever asks has
 * some of either year's account left.
 */
export const RARE_QUERY = {
  dataset: "care-experience@1",
  title: "Serious side effects among people of 16–29 years, 2025",
  purpose: "To show what a secure sum is for: a number that is lost in the noise of 21 regions' own answers.",
  periods: ["2025K1", "2025K2", "2025K3", "2025K4"],
  where: {
    and: [
      { column: "age_group", in: ["16-29"] },
      { column: "side_effects", in: [true] },
    ],
  },
  groupBy: [],
  measures: [{ id: "cases", kind: "count" }],
  regions: "all",
  minRegions: 15,
  pool: true,
  rho: "1/100",
};
