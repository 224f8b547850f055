/**
 * The pages' digest: two builds of the same sources in two folders are the same bytes, a directory names them, and an
 * address that sends one script more, less or another is told from one that sends these.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { digestOf, filesText, pagesDigest, readFiles } from "../../server/built-pages.ts";
import { temporaryFolder } from "../support/engines.ts";
import { federationOf } from "../support/federation.ts";
import { freePort } from "../support/process.ts";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** What the build reads, and nothing that an earlier one wrote. */
const SOURCES = ["dashboards", "protocol", "publication", "catalogue", "package.json", "tsconfig.json"];

async function builtIn(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const name of SOURCES)
    cpSync(join(ROOT, name), join(folder, name), {
      recursive: true,
      filter: (path) => path !== join(ROOT, "dashboards/dist"),
    });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const vite = join(folder, "node_modules/vite/bin/vite.js");
  await run(process.execPath, [vite, "build", join(folder, "dashboards"), "--logLevel", "error"], {
    cwd: folder,
  });
  return join(folder, "dashboards/dist");
}

const running: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

function folderHere() {
  const folder = temporaryFolder();
  running.push(folder.remove);
  return folder.path;
}

test("two builds, in two folders, are the same bytes, and those of this installation", async () => {
  const folder = folderHere();
  const one = await builtIn(join(folder, "one"));
  const other = await builtIn(join(folder, "another/deeper"));
  const text = filesText(one);
  expect(filesText(other)).toBe(text);
  expect(filesText(), "npm run build, after a change").toBe(text);
  const paths = readFiles(text).map(({ path }) => path);
  // Everything that a browser is sent is in the list: no file lies beside it.
  const all = readdirSync(one, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(paths.length).toBe(all.length);
  expect(paths.filter((path) => /\.(js|css)$/.test(path)).length).toBeGreaterThan(20);
  for (const page of ["sv/index.html", "en/index.html", "desk/index.html", "console/index.html"])
    expect(paths).toContain(page);
});

test("a list is read as it was written, and leads nowhere else", () => {
  const digest = "0".repeat(64);
  expect(readFiles(`${digest}  sv/index.html\n`)).toEqual([{ path: "sv/index.html", digest }]);
  for (const path of ["../etc/passwd", "/etc/passwd", "assets/../../x", "http://else.example/", "a b", ""])
    expect(() => readFiles(`${digest}  ${path}\n`), path).toThrow(/expected lines of digest/);
});

/** A site that hands on what a coordinator has, with one file changed. */
async function siteWith(address: string, changed: (path: string, bytes: Buffer) => Buffer): Promise<string> {
  const server: Server = createServer((request, response) => {
    void fetch(`${address}${request.url}`).then(async (answer) => {
      const bytes = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status).end(changed(request.url ?? "", bytes));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  running.push(() => void server.close());
  const at = server.address();
  return `http://127.0.0.1:${typeof at === "object" && at !== null ? at.port : 0}`;
}

const brus = (...args: string[]) => run(join(ROOT, "brus"), args).catch((error: { stderr: string }) => error);

test("an address is held to the digest that the directory names: one letter of one script, and it is told", async () => {
  const pages = pagesDigest(filesText());
  const network = await federationOf(folderHere(), { "01": "", "03": "" }, { logged: true, pages });
  running.push(network.stop);
  const { hash } = network.made;
  const digest = await brus("pages", "digest");
  expect(digest).toMatchObject({ stdout: `${pages}\n` });
  const check = (address: string) => brus("pages", "check", address, "--directory", hash);
  expect(await check(network.address)).toMatchObject({
    stdout: expect.stringMatching(/^Holds: .* sends the/),
  });
  const script = readFiles(filesText()).find(({ path }) => /^assets\/ask-/.test(path))?.path ?? "";
  const stolen = await siteWith(network.address, (path, bytes) =>
    path === `/${script}` ? Buffer.concat([bytes, Buffer.from(";steal()")]) : bytes,
  );
  expect(await check(stolen)).toMatchObject({
    stderr: expect.stringContaining(`pages-differ: expected ${stolen}/${script}`),
  });
  // A page that names another script is another page.
  const led = await siteWith(network.address, (path, bytes) =>
    path === "/sv/fraga/index.html" ? Buffer.from(bytes.toString().replace("/assets/", "/stolen/")) : bytes,
  );
  expect(await check(led)).toMatchObject({ stderr: expect.stringContaining("pages-differ") });
  // What people open is a folder's address, never the file's: with a slash, or without.
  for (const opened of ["/sv/", "/sv", "/en/ask"]) {
    const aside = await siteWith(network.address, (path, bytes) =>
      path === opened ? Buffer.concat([bytes, Buffer.from("<script src=/x.js></script>")]) : bytes,
    );
    expect(await check(aside), opened).toMatchObject({
      stderr: expect.stringContaining(`pages-differ: expected ${aside}${opened} `),
    });
  }
  // A list of its own is not the one that roots have signed.
  const listed = await siteWith(network.address, (path, bytes) =>
    path === "/pages/files.txt" ? Buffer.from(`${digestOf(bytes)}  sv/index.html\n`) : bytes,
  );
  expect(await check(listed)).toMatchObject({ stderr: expect.stringContaining("whose digest is") });
});

test("a desk serves no other pages than those that the directory names, unless whoever starts it says which", async () => {
  const other = pagesDigest("another list");
  const network = await federationOf(folderHere(), { "01": "" }, { logged: false, pages: other });
  running.push(network.stop);
  const port = String(await freePort());
  const desk = (...more: string[]) =>
    brus("desk", "--coordinator", network.address, "--directory", network.made.hash, "--port", port, ...more);
  expect(await desk()).toMatchObject({
    stderr: expect.stringContaining(`pages-differ: expected the pages ${other}`),
  });
  expect(await desk("--pages", other)).toMatchObject({ stderr: expect.stringContaining("pages-differ") });
});
