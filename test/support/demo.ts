/** The demonstration as a newcomer starts it, in a process of its own, ready when it says where its pages are. */
import { spawn } from "node:child_process";
import { join } from "node:path";

export type Demo = {
  readonly address: string;
  readonly folder: string;
  readonly directory1: string;
  readonly stop: () => Promise<void>;
};

export async function startDemo(...options: string[]): Promise<Demo> {
  const child = spawn(join(import.meta.dirname, "../../brus"), ["demo", "--port", "0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  let [text, complaints] = ["", ""];
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("Ctrl-C")) resolve();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the demonstration did not come up: ${text}${complaints}`)));
  });
  return {
    address: /http:\/\/[\d.:]+/.exec(text)?.[0] ?? "",
    folder: /configuration: (\S+)/.exec(text)?.[1] ?? "",
    directory1: /--directory1 (sha256:[0-9a-f]{64})/.exec(text)?.[1] ?? "",
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
