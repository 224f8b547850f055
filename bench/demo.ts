/**
 * The demonstration as a newcomer sees it, from `npm start -- --once` on: seconds, CPU and memory; and what it costs
 * when it is left running and nobody asks. `BRUS_IDLE_MINUTES` says how long its memory is watched (10).
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REGIONS } from "../cli/demo/regions.ts";
import { sleep } from "../server/deadline.ts";
import { median, report } from "./report.ts";

const ROOT = join(import.meta.dirname, "..");
/** Linux counts a process's CPU in hundredths of a second. */
const TICKS = 100;
const IDLE_SECONDS = 60;

export async function demonstration(): Promise<void> {
  const runs: Run[] = [];
  for (let each = 0; each < 3; each++) runs.push(await once());
  const of = (name: keyof Run) => median(runs.map((run) => run[name]));
  report({ name: "demo/first-table-seconds", value: of("firstTable"), unit: "s" });
  report({ name: "demo/seconds", value: of("seconds"), unit: "s" });
  report({ name: "demo/cpu-seconds", value: of("cpu"), unit: "s" });
  report({ name: "demo/peak-memory", value: of("megabytes"), unit: "MB" });
  await idle(Number(process.env["BRUS_IDLE_MINUTES"] ?? 10));
}

type Run = {
  readonly firstTable: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly megabytes: number;
};

function once(): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const since = () => (performance.now() - start) / 1000;
    const child = spawn("npm", ["start", "--silent", "--", "--once", "--port", "0"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let firstTable = Number.NaN;
    let seconds = Number.NaN;
    let peak = 0;
    const cpu = new Map<number, number>();
    // The process with the federation is npm's grandchild: the largest of the group counts.
    const watch = setInterval(() => {
      for (const pid of descendants(child.pid ?? 0)) {
        peak = Math.max(peak, kilobytes(pid, "VmHWM"));
        cpu.set(pid, Math.max(cpu.get(pid) ?? 0, cpuOf(pid)));
      }
    }, 100);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (Number.isNaN(firstTable) && text.includes("The nation")) firstTable = since();
      if (Number.isNaN(seconds) && text.includes("Done in")) seconds = since();
    });
    child.on("exit", (code) => {
      clearInterval(watch);
      const spent = [...cpu.values()].reduce((sum, each) => sum + each, 0);
      if (code === 0) resolve({ firstTable, seconds, cpu: spent, megabytes: peak / 1024 });
      else reject(new Error(`the demonstration ended with ${code}`));
    });
  });
}

/** Left running after all was answered. */
async function idle(minutes: number): Promise<void> {
  const counting = join(import.meta.dirname, "count-requests.ts");
  const child = spawn(process.execPath, ["--import", counting, "cli/main.ts", "demo", "--port", "0"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pid = child.pid ?? 0;
  try {
    await said(child, "stdout", /Ctrl-C ends it/);
    await seconds(IDLE_SECONDS); // What the last answers left to do is done.
    const before = { cpu: cpuOf(pid), memory: kilobytes(pid, "VmRSS"), requests: await requestsOf(child) };
    await seconds(IDLE_SECONDS);
    const cpu = ((cpuOf(pid) - before.cpu) / IDLE_SECONDS) * 100;
    const requests = ((await requestsOf(child)) - before.requests) / REGIONS.length / (IDLE_SECONDS / 60);
    report({ name: "demo/idle-cpu-percent", value: cpu, unit: "% of a core" });
    report({ name: "demo/requests-per-node-minute", value: requests, unit: "requests" });
    await seconds(Math.max(0, minutes * 60 - IDLE_SECONDS));
    const growth = (kilobytes(pid, "VmRSS") - before.memory) / 1024;
    report({ name: "demo/idle-memory-growth", value: growth, unit: "MB", minutes });
  } finally {
    child.kill("SIGINT");
  }
}

async function requestsOf(child: ChildProcess): Promise<number> {
  const line = said(child, "stderr", /requests (\d+)\n/);
  child.kill("SIGUSR2");
  return Number(await line);
}

/** Until the process says what is looked for: gives what its first group found. */
function said(child: ChildProcess, stream: "stdout" | "stderr", looked: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const hear = (chunk: Buffer) => {
      text += chunk.toString();
      const found = looked.exec(text);
      if (found === null) return;
      child[stream]?.off("data", hear);
      child.off("exit", gone);
      resolve(found[1] ?? "");
    };
    const gone = (code: number | null) => reject(new Error(`the demonstration ended with ${code}`));
    child[stream]?.on("data", hear);
    child.once("exit", gone);
  });
}

const seconds = (count: number): Promise<void> => sleep(count * 1000);

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

const kilobytes = (pid: number, name: "VmHWM" | "VmRSS"): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

/** Seconds of CPU, user's and system's: fields 14 and 15, counted after the name, which may hold spaces. */
function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}
