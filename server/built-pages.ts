/**
 * The pages as they were built, as a list of files with the digest of each: the digest of the list is what a directory
 * names, and so what roots have signed and the log holds. `sha256sum -c` reads the list.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Hash, hashOf, utf8 } from "../protocol/values/bytes.ts";
import { Refusal } from "../protocol/values/refusal.ts";

/** Where the build puts them. */
export const BUILT = join(import.meta.dirname, "../dashboards/dist");

/** Where a site hands the list out. */
export const FILES_PATH = "pages/files.txt";

/** A file of the pages, by its path below the site's root, and the hexadecimal SHA-256 of its bytes. */
export type PageFile = { readonly path: string; readonly digest: string };

export const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Every file below a folder, by path in the order of code units: two builds of the same sources give the same text. */
export function filesText(folder: string = BUILT): string {
  if (!existsSync(join(folder, "sv/index.html")))
    throw new Refusal("usage", "expected pages that are built: npm run build");
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return paths.map((path) => `${digestOf(readFileSync(join(folder, path)))}  ${path}\n`).join("");
}

/** The digest of the list. */
export const pagesDigest = (text: string): Hash => hashOf(utf8(text));

/** The digest of the pages that this installation has; undefined where they are not built. */
export const pagesHere = (): Hash | undefined =>
  existsSync(join(BUILT, "sv/index.html")) ? pagesDigest(filesText()) : undefined;

/** Reads a list, whoever wrote it. Refuses (`envelope-malformed`) one of another form. */
export function readFiles(text: string): PageFile[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => {
    const [, digest, path] = /^([0-9a-f]{64}) {2}([A-Za-z0-9_-][A-Za-z0-9_./-]{0,199})$/.exec(line) ?? [];
    // The path is asked for at an address that somebody gave: nothing may lead out of it.
    if (digest === undefined || path === undefined || path.includes(".."))
      throw new Refusal("envelope-malformed", "expected lines of digest, two spaces and path");
    return { path, digest };
  });
}
