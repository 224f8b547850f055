/** What several commands take: where the coordinator is, by which directory, and numbers. */
import { type Command, InvalidArgumentError } from "commander";

/** What every command that meets a coordinator is told. */
export type Addressed = { readonly coordinator: string; readonly directory?: string };

/** Takes a coordinator's address, and the hash by which its directory is pinned. */
export const addressed = (command: Command): Command =>
  command
    .option("--coordinator <address>", "the coordinator's address", "http://127.0.0.1:8700")
    .option(
      "--directory <hash>",
      "the hash of version 1 of the directory; else the one that you enrolled with",
    );

/** Of commands that show what is signed, and ask. */
export const YES = "sign without being asked: for machines, and for who has read it before";
export const WAIT = "how long to wait for the proof that it stands in the log";

export const wholeNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("expected a whole number");
  return Number(text);
};

/** A port that an address can name. */
export const portNumber = (text: string): number => {
  const port = wholeNumber(text);
  if (port < 1 || port > 65_535) throw new InvalidArgumentError("expected a port from 1 to 65535");
  return port;
};

export const seconds = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("expected a whole number of seconds");
  return Number(text);
};
