/** Parties as processes of their own, started as an operator starts them, so that they can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");

export type Party = {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  readonly output: () => string;
};

/** Starts `brus <command> --config <config>`; `kill` names the step at which it dies. */
export function startParty(
  command: "node" | "coordinator",
  config: string,
  kill?: { at: number; arm: "work" | "query"; trace?: string },
): Party {
  const args = kill === undefined ? [] : ["--import", join(ROOT, "test/support/kill.ts")];
  const environment =
    kill === undefined
      ? {}
      : {
          BRUS_KILL_AT: String(kill.at),
          BRUS_KILL_ARM: kill.arm,
          ...(kill.trace === undefined ? {} : { BRUS_KILL_TRACE: kill.trace }),
        };
  const child = spawn(NODE, [...args, join(ROOT, "cli/main.ts"), command, "--config", config], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = new Promise<void>((resolve, reject) => {
    const seen = (chunk: Buffer) => {
      output += chunk.toString();
      if (/polls|coordinator at/.test(output)) resolve();
    };
    child.stdout.on("data", seen);
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("exit", () =>
      reject(new Error(`${command} ended before it was ready: ${output.slice(0, 2000)}`)),
    );
  });
  ready.catch(() => undefined); // Whoever waits for it is told; nobody else need be.
  const ended = new Promise<string>((resolve) =>
    child.on("exit", (code, signal) => resolve(signal ?? String(code))),
  );
  return { child, ready, ended, output: () => output };
}

export async function stopParty(party: Party, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  party.child.kill(signal);
  await party.ended;
}

/** A port of loopback that nobody listens on. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
