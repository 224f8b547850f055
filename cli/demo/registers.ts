/**
 * Made-up registers for the demonstration's standing releases: seeded, plausible, nobody's, one file a region and
 * dataset. Three stories are planted in them for whoever reads the releases to find. Tests hold what is released to
 * these very rows.
 */
import type { Value } from "../../protocol/question/filter.ts";
import { yearOf } from "../../protocol/values/period.ts";
import { seeded } from "./journals.ts";
import type { Region } from "./regions.ts";

type Draw = {
  readonly region: Region;
  readonly random: () => number;
  readonly pick: <T>(values: readonly T[], weights: readonly number[]) => T;
  /** Gaussian, mean 0 and standard deviation 1. */
  readonly normal: () => number;
  /** A region's own level, between −1 and 1, the same for all its rows. */
  readonly level: (name: string) => number;
};

type Who = { readonly sex: string; readonly age: string; readonly unit: string; readonly target: string };

export type Register = {
  readonly dataset: string;
  readonly periods: readonly string[];
  /** One person of so many inhabitants has rows in a period. */
  readonly oneIn: number;
  /** Rows that a person has in a period, at the mean, where it is more than one. */
  readonly events?: number;
  readonly columns: readonly string[];
  /** What the mapping makes of several rows. */
  readonly summarise?: Readonly<Record<string, string>>;
  /** What is written of a person at a time, in years. */
  readonly row: (who: Who, time: number, draw: Draw) => readonly Value[];
  /** The register of quarters whose persons these are, with one row a person and year. */
  readonly over?: string;
};

const AGES = ["16-29", "30-44", "45-64", "65-84", "85+"];
const UNITS = [
  "primary-care",
  "psychiatry-outpatient",
  "psychiatry-inpatient",
  "child-psychiatry",
  "forensic-psychiatry",
  "addiction-care",
  "municipal-care",
  "emergency",
  "youth-clinic",
  "other",
];
const TARGETS = ["none", "young", "neuropsychiatric", "addiction", "foreign-born"];
const QUARTERS = ["2025K3", "2025K4", "2026K1", "2026K2", "2026K3"];
const YEARS = ["2021", "2022", "2023", "2024", "2025"];

/** What was planted, for tests to look for: over the quarters, or the years, that are released. */
export const STORIES = {
  /** In Örebro län ever more first assessments come in time. */
  waiting: {
    region: "18",
    indicator: "first-assessment-within-30d",
    from: 0.3,
    to: 0.9,
    over: [2025.5, 2026.5],
  },
  /** Among the young ever fewer are taken seriously, everywhere: the gap between age groups widens, year by year. */
  gap: { age: "16-29", indicator: "taken-seriously", from: 0.82, to: 0.3, over: [2021, 2025] },
  /** Everywhere ever more have a digital contact. */
  digital: { indicator: "digital-contact-share", from: 0.3, to: 0.48, over: [2025.5, 2026.5] },
} as const;

/** A planted line at a time: level before it begins and after it ends. */
function along(
  { from, to, over: [first, last] }: { from: number; to: number; over: readonly [number, number] },
  time: number,
): number {
  return from + (to - from) * Math.max(0, Math.min(1, (time - first) / (last - first)));
}
const within = (value: number, low: number, high: number): number =>
  Math.round(Math.max(low, Math.min(high, value)));

const yes = ({ random }: Draw, p: number): boolean => random() < p;
/** Not known for some: whom it does not concern, or who did not say. */
const maybe = (draw: Draw, known: number, p: number): Value => (yes(draw, known) ? yes(draw, p) : "");

const BY_PERIOD: readonly Register[] = [
  {
    dataset: "care-experience@2",
    periods: QUARTERS,
    oneIn: 500,
    events: 1.3,
    columns: [
      "listening",
      "root_causes",
      "respect",
      "continuity",
      "effect",
      "clarity",
      "access",
      "emotional",
      "overall",
      "goal",
      "side_effects",
      "taken_seriously",
      "respect_lifestyle",
      "non_drug_offered",
      "participated",
      "bounced",
      "answered",
    ],
    row: ({ age, unit, target }, time, draw) => {
      const mood = 10 * draw.normal() - (target === "addiction" ? 8 : 0) - (unit === "emergency" ? 6 : 0);
      const score = (name: string, centre: number): Value =>
        draw.random() < 0.07 ? "" : within(centre + 5 * draw.level(name) + mood + 15 * draw.normal(), 0, 100);
      const { gap } = STORIES;
      const heard = age === gap.age ? along(gap, Math.floor(time)) : 0.74;
      return [
        score("listening", 66),
        score("root_causes", 57),
        score("respect", 63),
        score("continuity", 54),
        score("effect", 58),
        score("clarity", 60),
        score("access", 52),
        score("emotional", 59),
        score("overall", 62),
        draw.random() < 0.4 ? "" : within(5.5 + mood / 12 + 2 * draw.normal(), 0, 10),
        maybe(draw, 0.6, 0.05),
        maybe(draw, 0.9, heard),
        maybe(draw, 0.9, 0.71),
        maybe(draw, 0.5, 0.44),
        maybe(draw, 0.9, 0.63 + 0.05 * draw.level("participated")),
        maybe(draw, 0.8, 0.24),
        maybe(draw, 0.7, 0.38),
      ];
    },
  },
  {
    dataset: "care-contact@1",
    periods: QUARTERS,
    oneIn: 700,
    events: 1.6,
    columns: ["digital", "fixed_contact", "followed_up", "readmitted", "consulted", "keeps_journal"],
    summarise: {
      digital: "any",
      fixed_contact: "any",
      followed_up: "any",
      readmitted: "any",
      consulted: "any",
      keeps_journal: "any",
    },
    row: (_, time, draw) => [
      yes(draw, along(STORIES.digital, time) / 1.4),
      maybe(draw, 0.8, 0.42 + 0.08 * draw.level("fixed")),
      maybe(draw, 0.15, 0.61),
      maybe(draw, 0.15, 0.13),
      yes(draw, 0.11),
      yes(draw, 0.17),
    ],
  },
  {
    dataset: "waiting-quarter@1",
    periods: QUARTERS,
    oneIn: 500,
    columns: ["assessed_in_time", "visited_in_time", "over_guarantee"],
    row: (_, time, draw) => {
      const { waiting } = STORIES;
      const assessed =
        draw.region.code === waiting.region ? along(waiting, time) : 0.6 + 0.08 * draw.level("assessed");
      return [
        maybe(draw, 0.5, assessed),
        maybe(draw, 0.6, 0.72 + 0.06 * draw.level("visited")),
        maybe(draw, 0.9, 0.19),
      ];
    },
  },
  {
    dataset: "care-plan@1",
    periods: QUARTERS,
    oneIn: 2000,
    columns: [
      "transition_planned",
      "patient_contract",
      "relatives_involved",
      "sip",
      "digital_meeting",
      "in_pathway",
    ],
    row: ({ age }, _, draw) => [
      age === "16-29" ? maybe(draw, 0.3, 0.48) : "",
      maybe(draw, 0.7, 0.33),
      maybe(draw, 0.8, 0.39),
      yes(draw, 0.27),
      maybe(draw, 0.5, 0.41),
      maybe(draw, 0.6, 0.29),
    ],
  },
  {
    dataset: "patient-outcome@1",
    periods: QUARTERS,
    oneIn: 2000,
    columns: ["phq9"],
    row: (_, _time, draw) => [
      draw.random() < 0.05 ? "" : within(10.5 + draw.level("phq9") + 5.5 * draw.normal(), 0, 27),
    ],
  },
  {
    dataset: "survey@1",
    periods: YEARS,
    oneIn: 800,
    columns: ["swemwbs", "kessler6", "stressed", "lonely", "suicidal_thoughts"],
    row: ({ age, sex }, _, draw) => {
      const mood = draw.normal() - (age === "16-29" ? 0.5 : 0);
      return [
        draw.random() < 0.04 ? "" : within(25 + 4 * mood, 7, 35),
        draw.random() < 0.04 ? "" : within(7 - 4 * mood, 0, 24),
        maybe(draw, 0.97, sex === "2" ? 0.2 : 0.13),
        maybe(draw, 0.97, age === "85+" ? 0.17 : 0.09),
        maybe(draw, 0.94, age === "16-29" ? 0.05 : 0.02),
      ];
    },
  },
  {
    dataset: "person-year@1",
    periods: YEARS,
    oneIn: 150,
    columns: ["neither_work_nor_study", "sick_mental", "mental_illness"],
    row: ({ age }, _, draw) => [
      age === "16-29" ? yes(draw, 0.08) : "",
      age === "85+" ? "" : maybe(draw, 0.9, 0.025),
      yes(draw, 0.12),
    ],
  },
  {
    dataset: "death@1",
    periods: YEARS,
    oneIn: 2000,
    columns: ["suicide", "mental_illness"],
    row: ({ age }, _, draw) => {
      const young = age === "16-29" || age === "30-44";
      return [yes(draw, young ? 0.22 : 0.012), yes(draw, young ? 0.3 : 0.12)];
    },
  },
];

/** Datasets of years over those of quarters, of the same persons. */
const OVER: Readonly<Record<string, string>> = {
  "care-experience-year@1": "care-experience@2",
  "care-contact-year@1": "care-contact@1",
  "waiting-year@1": "waiting-quarter@1",
  "care-plan-year@1": "care-plan@1",
  "patient-outcome-year@1": "patient-outcome@1",
};

/** Of which quarters are released nothing: too few have them. */
const YEARS_ALONE = new Set(["care-plan@1", "patient-outcome@1"]);

export const REGISTERS: readonly Register[] = [
  ...BY_PERIOD.filter(({ dataset }) => !YEARS_ALONE.has(dataset)),
  ...Object.entries(OVER).map(([dataset, over]) => {
    const register = BY_PERIOD.find((each) => each.dataset === over);
    if (register === undefined) throw new RangeError("expected a register of quarters");
    return { ...register, dataset, over, periods: YEARS };
  }),
];

/** Whom a register is of; those who die are older. */
const whoOf = (dataset: string, { pick }: Draw): Who => {
  const age = pick(AGES, dataset === "death@1" ? [1, 2, 12, 45, 40] : [20, 23, 30, 23, 4]);
  return {
    sex: pick(["1", "2"], [48, 52]),
    age,
    unit: pick(UNITS, [38, 20, 5, age === "16-29" ? 14 : 1, 1, 5, 10, 9, age === "16-29" ? 8 : 1, 4]),
    target: pick(TARGETS, [66, age === "16-29" ? 18 : 1, 8, 6, 13]),
  };
};

const SHARED: Readonly<Record<string, readonly (keyof Who)[]>> = {
  "waiting-quarter@1": ["sex", "age", "unit"],
  "survey@1": ["sex", "age"],
  "person-year@1": ["sex", "age"],
  "death@1": ["sex", "age"],
};
const NAMES = { sex: "sex", age: "age_group", unit: "unit_type", target: "target_group" } as const;

const sharedColumns = ({ dataset, over = dataset }: Register): readonly (keyof Who)[] =>
  SHARED[over] ?? ["sex", "age", "unit", "target"];

type Person = {
  readonly id: string;
  readonly who: Who;
  /** In order of time. */
  readonly rows: ReadonlyArray<{ readonly period: string; readonly values: readonly Value[] }>;
};

const hashOf = (text: string): number =>
  [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);

/** Draws for a region's file of a year: the same ones for the register of quarters and that of years over it. */
function drawOf({ dataset, over = dataset }: Register, region: Region, year: string, seed: number): Draw {
  const seedOf = (what: string) =>
    (seed * 7919 + hashOf(`${over} ${what}`) + Number.parseInt(region.code, 36) * 104_729) >>> 0;
  const random = seeded(seedOf(year));
  const levels = new Map<string, number>();
  return {
    region,
    random,
    pick: (values, weights) => {
      let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
      const at = weights.findIndex((weight) => {
        rest -= weight;
        return rest < 0;
      });
      return values[Math.max(0, at)] as (typeof values)[number]; // The list is not empty and the index within it.
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
    level: (name) => {
      const known = levels.get(name) ?? 2 * seeded(seedOf(name))() - 1;
      levels.set(name, known);
      return known;
    },
  };
}

/** Sets of a year's quarters but for none: each as likely as another, so that a quarter is in 8 of 15. */
const SETS_OF_QUARTERS = 15;
const IN_A_QUARTER = 8 / SETS_OF_QUARTERS;

/** Everyone who has rows in a year. */
function* personsOf(register: Register, draw: Draw, year: string, scale: number): Generator<Person> {
  const { dataset, over = dataset, oneIn, events = 1, row } = register;
  const byYear = register.over === undefined && register.periods === YEARS;
  const persons = Math.max(
    3,
    Math.round((scale * draw.region.population) / oneIn / (byYear ? 1 : IN_A_QUARTER)),
  );
  for (let person = 0; person < persons; person++) {
    const who = whoOf(over, draw);
    const chosen = byYear ? 1 : 1 + Math.floor(SETS_OF_QUARTERS * draw.random());
    const rows: Array<Person["rows"][number]> = [];
    for (let quarter = 1; quarter <= 4; quarter++) {
      if (Math.floor(chosen / 2 ** (quarter - 1)) % 2 === 0) continue;
      const period = byYear ? year : `${year}K${quarter}`;
      // Geometric: most have one row, few many.
      do rows.push({ period, values: row(who, Number(year) + (quarter - 1) / 4, draw) });
      while (draw.random() < 1 - 1 / events);
    }
    yield { id: `${draw.region.code}-${year}-${person}`, who, rows };
  }
}

/** A person's year in one row: the mean of numbers; whether it ever happened, where a quarter asks that; else what was said last. */
function yearIn({ columns, summarise = {} }: Register, rows: Person["rows"]): readonly Value[] {
  if (rows.length === 1) return rows[0]?.values ?? [];
  return columns.map((column, at) => {
    let [sum, numbers, ever] = [0, 0, false];
    let last: Value = "";
    for (const { values } of rows) {
      const value = values[at] ?? "";
      if (value === "") continue;
      last = value;
      ever ||= value === true;
      if (typeof value !== "number") continue;
      sum += value;
      numbers++;
    }
    if (numbers > 0) return Math.round(sum / numbers);
    return ever && summarise[column] === "any" ? true : last;
  });
}

/** A region's file of a register, as CSV. `scale` makes it larger or smaller. */
export function registerOf(register: Register, region: Region, seed: number, scale = 1): string {
  const { periods, columns, over } = register;
  const shared = sharedColumns(register);
  const lines = [["person_id", "period", ...shared.map((name) => NAMES[name]), ...columns].join(",")];
  for (const year of new Set(periods.map(yearOf)))
    for (const { id, who, rows } of personsOf(register, drawOf(register, region, year, seed), year, scale)) {
      const kept = over === undefined ? rows : [{ period: year, values: yearIn(register, rows) }];
      const own = shared.map((name) => who[name]).join();
      for (const { period, values } of kept)
        if (periods.includes(period)) lines.push(`${id},${period},${own},${values.join()}`);
    }
  return `${lines.join("\n")}\n`;
}

/** The mapping that reads such a file. */
export const registerMapping = (register: Register) => ({
  person: "person_id",
  identity: "text",
  period: { column: "period" },
  columns: Object.fromEntries(
    [...sharedColumns(register).map((name) => NAMES[name]), ...register.columns].map((name) => [
      name,
      { column: name },
    ]),
  ),
  ...(register.summarise === undefined || register.over !== undefined
    ? {}
    : { summarise: register.summarise }),
});
