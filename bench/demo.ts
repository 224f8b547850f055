/** The newcomer's wait: seconds from `npm start -- --once` to the printed answer, and the peak memory of it all. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { median, report } from "./report.ts";

const ROOT = join(import.meta.dirname, "..");

export async function demonstration(): Promise<void> {
  const runs = [];
  for (let each = 0; each < 3; each++) runs.push(await once());
  report({ name: "demo/seconds", value: median(runs.map(({ seconds }) => seconds)), unit: "s" });
  report({ name: "demo/peak-memory", value: median(runs.map(({ megabytes }) => megabytes)), unit: "MB" });
}

function once(): Promise<{ seconds: number; megabytes: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn("npm", ["start", "--silent", "--", "--once", "--port", "0"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let seconds = Number.NaN;
    let peak = 0;
    // The process with the federation is npm's grandchild: the largest of the group counts.
    const watch = setInterval(() => {
      for (const pid of descendants(child.pid ?? 0)) peak = Math.max(peak, peakOf(pid));
    }, 100);
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("The nation")) seconds = (performance.now() - start) / 1000;
    });
    child.on("exit", (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ seconds, megabytes: peak / 1024 });
      else reject(new Error(`the demonstration ended with ${code}`));
    });
  });
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // A process that has just ended: nothing to read of it.
  }
};

const descendants = (pid: number): number[] => {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(descendants)];
};

const peakOf = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
