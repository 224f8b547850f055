/** Starts a desk: here alone its time, randomness and network are the system's. */
import { randomFillSync } from "node:crypto";
import { Hash } from "../protocol/values/bytes.ts";
import { parseWith, Refusal } from "../protocol/values/refusal.ts";
import { BUILT, filesText, pagesDigest } from "../server/built-pages.ts";
import { catalogueHere } from "../server/catalogue.ts";
import { listen } from "../server/http.ts";
import { loggerOf } from "../server/logger.ts";
import { steady } from "../server/retry-fetch.ts";
import { type DeskKey, deskOf } from "./desk.ts";

export type DeskCommand = {
  readonly coordinator: string;
  /** The hash of version 1 of the directory. */
  readonly directory: string;
  readonly port: number;
  readonly host: string;
  /** Where a region's own TLS proxy serves this desk; undefined on loopback. */
  readonly origin?: string;
  /** The digest of the pages to serve, where the directory names others. */
  readonly pages?: string;
};

/** Runs until the process is told to end. Refuses (`usage`) what would put keys where others reach them. */
export async function runDesk(
  command: DeskCommand,
  keys: readonly DeskKey[],
  say: (line: string) => void,
): Promise<void> {
  const { port, host, origin } = command;
  if (origin === undefined && !isLoopback(host))
    throw new Refusal("usage", "expected --origin where others than this machine reach the desk");
  const own = pagesDigest(filesText(BUILT));
  const desk = await deskOf(
    {
      coordinator: command.coordinator.replace(/\/+$/, ""),
      directory1: parseWith(Hash, command.directory, "--directory", "usage"),
      origin: origin === undefined ? `http://127.0.0.1:${port}` : originOf(origin),
      keys,
      doored: origin === undefined,
      built: BUILT,
      pages: own,
      labels: catalogueHere().labels,
    },
    {
      fetch: steady((url, init) => fetch(url, init)),
      now: () => new Date(),
      random: (bytes) => void randomFillSync(bytes),
      logger: loggerOf("desk", "warn"),
    },
  );
  const { directory } = desk.federation;
  checkPages(own, directory.pages, command.pages);
  const listening = await listen(desk.app, host, port);
  say(`${directory.name}: version ${directory.version} of the directory, from ${command.directory}`);
  say(`Pages: ${own}${directory.pages === own ? ", as the directory names them" : ""}`);
  say(`Open, once:  ${desk.open()}`);
  await new Promise<void>((done) => {
    process.once("SIGINT", () => done());
    process.once("SIGTERM", () => done());
  });
  await listening.close();
}

const isLoopback = (host: string): boolean => /^127\.\d+\.\d+\.\d+$/.test(host);

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== "https:" || url.pathname !== "/" || url.search !== "")
    throw new Refusal("usage", "expected --origin as https://desk.example.se, behind TLS of your own");
  return url.origin;
}

/** Refuses (`pages-differ`) to serve pages other than those that the roots have signed, or that whoever starts it names. */
function checkPages(own: Hash, named: Hash | undefined, given: string | undefined): void {
  const trusted = given === undefined ? named : parseWith(Hash, given, "--pages", "usage");
  if (trusted === undefined || trusted === own) return;
  throw new Refusal(
    "pages-differ",
    `expected the pages ${trusted}; this installation's are ${own}: build the version that the directory names, or say --pages ${own} if you trust these`,
  );
}
