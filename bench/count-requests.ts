/** Loaded into the demonstration with `--import`: counts what it asks of the coordinator, and says so when signalled. */
let requests = 0;
const realFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  requests++;
  return realFetch(input, init);
};
process.on("SIGUSR2", () => process.stderr.write(`requests ${requests}\n`));
