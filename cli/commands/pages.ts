/** `brus pages`: everything that is public as a folder that any file server can serve, and every seal can be checked from. */
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { federationFrom } from "../../protocol/log/directory-files.ts";
import { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Overview } from "../../publication/overview.ts";
import { nativeVerify } from "../../server/signing.ts";
import { writeWhole } from "../../server/tiles.ts";
import type { Out } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { mirror } from "../log/mirror.ts";
import { sourceOf } from "./connections.ts";

const BUILT = join(import.meta.dirname, "../../dashboards/dist");

export function pagesCommands(program: Command, { say }: Out): void {
  program
    .command("pages <address> <folder>")
    .description("copy the pages, all that is published and the log into a folder for any file server")
    .option("--directory1 <hash>", "the hash of version 1 of the directory")
    .action(async (address: string, folder: string, o: { directory1?: string }) => {
      if (!existsSync(join(BUILT, "sv/index.html")))
        throw new Refusal("usage", "expected pages that are built: npm run build");
      const base = address.replace(/\/+$/, "");
      const fetched = async (path: string): Promise<Uint8Array> => {
        const answer = await fetch(`${base}${path}`).catch(() => null);
        if (answer?.ok !== true) throw new Refusal("unavailable", `expected ${base}${path}`);
        return new Uint8Array(await answer.arrayBuffer());
      };
      mkdirSync(folder, { recursive: true });
      for (const part of ["sv", "en", "assets"])
        cpSync(join(BUILT, part), join(folder, part), { recursive: true });
      const bytes = await fetched("/pages/overview.json");
      // What the same program wrote.
      const overview = parseJson(bytes) as Overview;
      const tables = overview.indicators.flatMap((indicator) => indicator.tables.map(({ id }) => id));
      // They become names of files.
      if (!tables.every((table) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(table)))
        throw new Refusal("usage", "expected the tables of a coordinator of this program");
      const paths = tables.flatMap((table) => [
        `/pages/tables/${table}.json`,
        ...["sv", "en"].flatMap((language) => [
          `/data/${language}/${table}.csv`,
          `/data/${language}/${table}.json`,
        ]),
      ]);
      const bar = barOf("Copying", paths.length);
      for (const [done, path] of paths.entries()) {
        writeWhole(join(folder, path), await fetched(path));
        bar.set(done + 1, paths.length);
      }
      bar.done();
      const first = parseWith(Hash, o.directory1 ?? overview.directory1, "--directory1", "usage");
      const source = sourceOf(base);
      await mirror(source, join(folder, "log"), await federationFrom(source, first, nativeVerify));
      for (const file of ["pages/labels.json", "pages/years.json"])
        writeWhole(join(folder, file), await fetched(`/${file}`));
      // Last: what it names is there.
      writeWhole(join(folder, "pages/overview.json"), bytes);
      say(`Copied ${tables.length} tables to ${folder}. Serve it as it is: /sv/ and /en/ are the pages.`);
    });
}
