/** `brus report`: the public report of what is released. Every figure in it was checked here against what the regions signed. */
import { type Command, Option } from "commander";
import { rhoPerYearOf } from "../../protocol/federation/accounts.ts";
import type { Federation } from "../../protocol/federation/directory.ts";
import { openSigned } from "../../protocol/federation/openers.ts";
import { Calendar } from "../../protocol/plan/calendar.ts";
import { meaningOf } from "../../protocol/privacy/meaning.ts";
import type { Language } from "../../protocol/values/language.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Client } from "../../protocol/wire/client.ts";
import { fetchResult } from "../../protocol/wire/fetch-release.ts";
import { cubesOf } from "../../publication/cube.ts";
import type { StandingRelease } from "../../publication/standing-release.ts";
import { catalogueHere } from "../../server/catalogue.ts";
import { type Out, writeText } from "../client/connect.ts";
import { type ReleasedTables, reportOf } from "../report/report.ts";
import { client, federationAt } from "./connections.ts";
import { type Addressed, addressed } from "./options.ts";

type Report = Addressed & { readonly language: Language; readonly out: string };

export function reportCommands(program: Command, out: Out): void {
  addressed(
    program
      .command("report")
      .description(
        "the public report of what is released, as one HTML file that prints well; checked before it is written",
      ),
  )
    .addOption(new Option("--language <language>", "of the report").choices(["sv", "en"]).default("sv"))
    .requiredOption("--out <file>", "where to write")
    .action((options: Report) => writeReport(options, out));
}

/** `brus report` */
async function writeReport(options: Report, { say, now }: Out): Promise<void> {
  const federation = await federationAt(options.coordinator, options.directory);
  const released = await releasedFrom(client(options.coordinator), federation);
  if (released.cubes.length === 0)
    throw new Refusal("release-unknown", "expected a calendar of which something is released");
  writeText(options.out, reportOf(released, options.language, now().toISOString(), options.coordinator));
  say(options.out);
}

/** Every released table, each release checked against the regions' own answers first. */
async function releasedFrom(to: Client, federation: Federation): Promise<ReleasedTables> {
  const { calendars } = await to("listCalendars");
  const named = calendars.flatMap((envelope) => openSigned(federation, envelope, Calendar).payload.entries);
  const standings: StandingRelease[] = [];
  for (const { query } of named) {
    const { release } = await to("getQuery", { params: { id: query } });
    if (release === null) continue;
    const result = await fetchResult(to, federation, query);
    const { releaseId: id, plan, release: made, table, query: asked } = result;
    standings.push({ id, at: asked.notBefore, plan, release: made, table });
  }
  const regions = new Map(federation.directory.nodes.map(({ code, name }) => [code, name]));
  const year = meaningOf(rhoPerYearOf(federation));
  return { standings, cubes: cubesOf(standings, { ...catalogueHere(), regions, year }) };
}
