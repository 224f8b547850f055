/** `brus pages`: everything that is public as a folder for any file server; the digest of the pages; whether an address sends those. */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { federationFrom } from "../../protocol/log/directory-files.ts";
import { fromUtf8, Hash, utf8 } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import type { Overview } from "../../publication/overview.ts";
import {
  BUILT,
  digestOf,
  FILES_PATH,
  filesText,
  type PageFile,
  pagesDigest,
  readFiles,
} from "../../server/built-pages.ts";
import { nativeVerify } from "../../server/signing.ts";
import { writeWhole } from "../../server/tiles.ts";
import type { Out } from "../client/connect.ts";
import { barOf } from "../client/progress.ts";
import { mirror } from "../log/mirror.ts";
import { sourceOf } from "./connections.ts";

export function pagesCommands(program: Command, { say }: Out): void {
  const pages = program
    .command("pages <address> <folder>")
    .description("copy the pages, all that is published and the log into a folder for any file server")
    .option("--directory1 <hash>", "the hash of version 1 of the directory")
    .action(async (address: string, folder: string, o: { directory1?: string }) => {
      await copyPages(address, folder, o.directory1, say);
    });
  pages
    .command("digest")
    .description("the digest of this installation's pages, as a directory names it")
    .option("--files", "the list of files that it is the digest of, each by its own")
    .action(({ files }: { files?: boolean }) => {
      const text = filesText();
      say(files === true ? text.trimEnd() : pagesDigest(text));
    });
  pages
    .command("check <address>")
    .description("whether an address sends the very pages that the directory names; another time it may not")
    .requiredOption("--directory <hash>", "the hash of version 1 of the directory")
    .action(async (address: string, o: { directory: string }) => {
      await checkPages(
        address.replace(/\/+$/, ""),
        parseWith(Hash, o.directory, "--directory", "usage"),
        say,
      );
    });
}

const fetchedFrom =
  (base: string) =>
  async (path: string): Promise<Uint8Array> => {
    const answer = await fetch(`${base}${path}`).catch(() => null);
    if (answer?.ok !== true) throw new Refusal("unavailable", `expected ${base}${path}`);
    return new Uint8Array(await answer.arrayBuffer());
  };

/** `brus pages` */
async function copyPages(
  address: string,
  folder: string,
  directory1: string | undefined,
  say: Out["say"],
): Promise<void> {
  const list = filesText();
  const base = address.replace(/\/+$/, "");
  const fetched = fetchedFrom(base);
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
  const first = parseWith(Hash, directory1 ?? overview.directory1, "--directory1", "usage");
  const source = sourceOf(base);
  await mirror(source, join(folder, "log"), await federationFrom(source, first, nativeVerify));
  for (const file of ["pages/labels.json", "pages/years.json"])
    writeWhole(join(folder, file), await fetched(`/${file}`));
  writeWhole(join(folder, FILES_PATH), utf8(list));
  // Last: what it names is there.
  writeWhole(join(folder, "pages/overview.json"), bytes);
  say(`Copied ${tables.length} tables to ${folder}. Serve it as it is: /sv/ and /en/ are the pages.`);
}

/** What a desk and a node serve themselves, and no site. */
const isElsewhere = ({ path }: PageFile): boolean => /^(desk|console)\//.test(path);

/** Where a site sends a file, in whatever form people ask for it: a page by its folder, with and without a slash. */
function addressesOf(path: string): string[] {
  const page = /^(.+)\/index\.html$/.exec(path)?.[1];
  return page === undefined ? [path] : [path, `${page}/`, page];
}

/** `brus pages check`: refuses (`pages-differ`) at the first file that is another. */
async function checkPages(base: string, first: Hash, say: Out["say"]): Promise<void> {
  const { directory } = await federationFrom(sourceOf(base), first, nativeVerify);
  if (directory.pages === undefined)
    throw new Refusal(
      "pages-differ",
      "expected a directory that names the digest of its pages; it names none",
    );
  const fetched = fetchedFrom(base);
  const text = fromUtf8(await fetched(`/${FILES_PATH}`));
  if (pagesDigest(text) !== directory.pages)
    throw new Refusal("pages-differ", `expected the list of files whose digest is ${directory.pages}`);
  const files = readFiles(text).filter((file) => !isElsewhere(file));
  const bar = barOf("Checking", files.length);
  for (const [done, { path, digest }] of files.entries()) {
    for (const at of addressesOf(path))
      if (digestOf(await fetched(`/${at}`)) !== digest)
        throw new Refusal("pages-differ", `expected ${base}/${at} as the directory names it by digest`);
    bar.set(done + 1, files.length);
  }
  bar.done();
  say(
    `Holds: ${base} sends the ${files.length} files that version ${directory.version} of the directory names, ${directory.pages}. What it sends to others, or next time, this does not say.`,
  );
}
