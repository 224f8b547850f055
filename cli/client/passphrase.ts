/** The passphrase of a sealed key: in a file that only its owner can read, or asked for at the terminal without echo. Never in the environment, nor among a command's words: others see both. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { fromUtf8 } from "../../protocol/values/bytes.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import { passphraseIn } from "../../server/keys.ts";

/** Of the file that is named, else as it is typed. Refuses (`key-sealed`) where there is neither file nor terminal. */
export const passphraseFor = (path: string, file: string | undefined): string =>
  file === undefined ? atTerminal((ask) => ask(`Passphrase of ${path}: `)) : passphraseIn(file);

/** A new one: of the file that is named, else typed twice. Refuses (`usage`) two that differ. */
export function newPassphraseFor(path: string, file: string | undefined): string {
  if (file !== undefined) return passphraseIn(file);
  return atTerminal((ask) => {
    const first = ask(`A passphrase for ${path}: `);
    if (ask("The same again: ") !== first) throw new Refusal("usage", "expected the same passphrase twice");
    return first;
  });
}

/** The terminal itself, whatever standard input is: a question may be piped in while its signer types. */
function atTerminal(work: (ask: (question: string) => string) => string): string {
  const terminal = openTerminal();
  const stty = (...words: string[]) =>
    spawnSync("stty", words, { stdio: [terminal, "ignore", "ignore"] }).status === 0;
  try {
    if (!stty("-echo")) throw new Refusal("key-sealed", "expected a terminal that can be kept from showing");
    return work((question) => {
      writeSync(terminal, question);
      const line = lineFrom(terminal);
      writeSync(terminal, "\n");
      return line;
    });
  } finally {
    stty("echo"); // Where the process is interrupted, Node puts the terminal back as it was.
    closeSync(terminal);
  }
}

function openTerminal(): number {
  try {
    return openSync("/dev/tty", "r+");
  } catch (cause) {
    throw new Refusal("key-sealed", "expected --passphrase-file, or a terminal to ask at", { cause });
  }
}

const LONGEST = 1000;

function lineFrom(terminal: number): string {
  const bytes = new Uint8Array(LONGEST);
  for (let length = 0; length < LONGEST; length++) {
    if (readSync(terminal, bytes, length, 1, null) === 0 || bytes[length] === 0x0a)
      return fromUtf8(bytes.subarray(0, length));
  }
  throw new Refusal("usage", `expected a passphrase of at most ${LONGEST} bytes`);
}
