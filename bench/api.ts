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
const json = { "content-type": "application/json" };
// The same figures, asked for in an order of their own each time: none of them is written yet.
const fresh = () => {
  const selection = body.map(({ code, values }) => ({
    variableCode: code,
    valueCodes: values.map((value) => [Math.random(), value]).sort((a, b) => a[0] - b[0]).map(([, value]) => value),
  }));
  return { method: "POST", body: JSON.stringify({ selection }), headers: json };
};
async function one() {
  while (performance.now() < until) {
    const init = body === null ? {} : fresh();
    const start = performance.now();
    const response = await fetch(url, init);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(String(response.status));
    times.push(performance.now() - start);
  }
}
Promise.all(Array.from({ length: clients }, one)).then(() => parentPort.postMessage(times));
`;

type Asked = Array<{ readonly code: string; readonly values: readonly string[] }>;

const load = (url: string, body: Asked | null): Promise<number[]> =>
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
  const path = "/api/v2/tables/first-visit-within-90d.by-year.age_group/data";
  const all = ["Region", "Tid", "age_group", "ContentsCode"];
  const query = all.map((name) => `valuecodes[${name}]=*`).join("&");
  const { value, dimension } = (await (await published.get(`${path}?${query}`)).json()) as {
    value: unknown[];
    dimension: Record<string, { category: { index: Record<string, number> } }>;
  };
  const body = all.map((code) => ({ code, values: Object.keys(dimension[code]?.category.index ?? {}) }));
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
