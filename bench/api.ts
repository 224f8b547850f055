/** The publication API under 100 clients at once: a table of some 2,000 cells, from the cache and written anew each time. */
import { Worker } from "node:worker_threads";
import { publishedNetwork } from "../test/support/standing.ts";
import { quantile, report } from "./report.ts";

const CLIENTS = 100;
const SECONDS = 6;

/** The clients run on a thread of their own, each asking again as soon as it is answered. */
const CLIENT = `
const { parentPort, workerData } = require("node:worker_threads");
const { url, body, clients, seconds } = workerData;
const until = performance.now() + seconds * 1000;
const times = [];
const init = body === null ? {} : { method: "POST", body, headers: { "content-type": "application/json" } };
async function one() {
  while (performance.now() < until) {
    const start = performance.now();
    const response = await fetch(url, init);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(String(response.status));
    times.push(performance.now() - start);
  }
}
Promise.all(Array.from({ length: clients }, one)).then(() => parentPort.postMessage(times));
`;

const load = (url: string, body: string | null): Promise<number[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(CLIENT, {
      eval: true,
      workerData: { url, body, clients: CLIENTS, seconds: SECONDS },
    });
    worker.on("message", (times: number[]) => resolve(times));
    worker.on("error", reject);
  });

export async function api(): Promise<void> {
  const published = await publishedNetwork(["07", "09", "10"]);
  const path = "/api/v2/tables/taken-seriously.sex.age_group/data";
  const all = ["Region", "Tid", "sex", "age_group", "ContentsCode"];
  const query = all.map((name) => `valuecodes[${name}]=*`).join("&");
  const { value } = (await (await published.get(`${path}?${query}`)).json()) as { value: unknown[] };
  const body = JSON.stringify({
    selection: all.map((variableCode) => ({ variableCode, valueCodes: ["*"] })),
  });
  for (const [name, times] of [
    ["cached", await load(`${published.network.address}${path}?${query}`, null)],
    ["written", await load(`${published.network.address}${path}`, body)],
  ] as const) {
    report({
      name: `api/${name}`,
      value: times.length / SECONDS,
      unit: "requests/s",
      clients: CLIENTS,
      cells: value.length,
    });
    report({ name: `api/${name}-95th`, value: quantile(times, 0.95), unit: "ms", clients: CLIENTS });
  }
  await published.stop();
}
