/** Every command of the README is run, and the output it shows is what the command prints, figures aside. */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { makeFederation } from "../../cli/demo/federation.ts";
import { CARE_EXPERIENCE, CARE_EXPERIENCE_MAPPING, journalOf } from "../../cli/demo/journals.ts";
import { demoCalendar } from "../../cli/demo/standing-releases.ts";
import { writeDataset } from "../../protocol/question/catalogue.ts";
import { type Demo, startDemo } from "../support/demo.ts";
import { temporaryFolder } from "../support/engines.ts";
import { CHEAP_SEAL, now } from "../support/federation.ts";
import { freePort, startParty, stopParty } from "../support/process.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const NHS = join(ROOT, "../shared/data/nhs-fft/responses.csv");
const commands = [...README.matchAll(/^\$ (.+)$/gm)].map((match) => match[1] ?? "");
const shell = promisify(execFile);
const ran = new Set<string>();
const config = temporaryFolder();
afterAll(config.remove);

/** Runs a command as it stands in the README, in a shell, its variables set. */
async function run(command: string, variables: Record<string, string> = {}, cwd = ROOT): Promise<string> {
  ran.add(command);
  const { stdout } = await shell("sh", ["-c", command], {
    cwd,
    // What somebody enrols with here is not for whoever runs this.
    env: { ...process.env, XDG_CONFIG_HOME: config.path, ...variables },
    maxBuffer: 1e8,
  });
  return stdout;
}

/** Starts a command that runs until it is told to end, and ends it once it has said what it is to say. */
async function untilSaid(command: string, said: RegExp, variables: Record<string, string>): Promise<void> {
  ran.add(command);
  const child = spawn("sh", ["-c", `exec ${command}`], { cwd: ROOT, env: { ...process.env, ...variables } });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (said.test(output)) resolve();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once("exit", () => reject(new Error(`expected ${said}: ${output.slice(0, 2000)}`)));
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

const find = (start: string): string[] => commands.filter((command) => command.includes(start));

/** Regions where 21 would show nothing more. What the README shows, it shows of all. */
const FEW = 5;

/** A command waits for as long as it takes; and nobody is here to be asked. */
function patient(command: string): string {
  if (command.includes("release run")) return `${command} --wait 3600`;
  if (/brus (query|calendar) sign /.test(command)) return `${command} --yes`;
  if (/brus (query|calendar) approve /.test(command)) return `${command} --yes --wait 3600`;
  return command.replace("--wait 600", "--wait 3600");
}

/** What of the output does not depend on noise or on the clock. */
const skeleton = (text: string): string[] =>
  text
    .split("\n")
    .map((line) =>
      line
        .replaceAll("(unreliable)", "") // What is rare may come out either way.
        .replaceAll(/sha256:[0-9a-f]+/g, "sha256")
        .replaceAll(/root [A-Za-z0-9+/=]+/g, "root")
        .replaceAll(/-?[\d.,]+/g, "#")
        .replaceAll(/[#\s─┌┬┐└┴┘│±%]+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");

test("npm start -- --once prints what the README shows", async () => {
  const shown = /```\n(Brus: [\s\S]*?)\n```/.exec(README)?.[1] ?? "";
  const printed = await run("npm start -- --once");
  expect(skeleton(printed.slice(printed.indexOf("Brus: ")))).toEqual(skeleton(shown));
  expect(shown).toContain("The nation");
});

test.skipIf(!existsSync(NHS))(
  "the example on real answers runs (skipped where ../shared is missing)",
  async () => {
    const [command = ""] = find("NHS_FFT=");
    ran.add(command);
    const printed = await run(command.replace("/path/to/responses.csv", NHS));
    expect(printed).toContain("Were patients listened to?");
  },
);

describe("a running federation", () => {
  const folder = temporaryFolder();
  let demo: Demo | undefined;
  afterAll(async () => {
    await demo?.stop();
    folder.remove();
  });

  test("a question is checked, signed, submitted, approved and read", async () => {
    demo = await startDemo("--regions", String(FEW), "--rows", "20000");
    const { address: ADDRESS, directory1: DIRECTORY } = demo;
    const KEYS = `${demo.folder}/keys`;
    const question = {
      ...(JSON.parse(/```json\n([\s\S]*?)```/.exec(README)?.[1] ?? "") as object),
      minRegions: FEW,
    };
    writeFileSync(join(folder.path, "question.json"), JSON.stringify(question));
    const local = (command: string) =>
      patient(command)
        .replaceAll(" question.json", ` ${folder.path}/question.json`)
        .replaceAll("signed.json", `${folder.path}/signed.json`);
    const variables: Record<string, string> = { ADDRESS, KEYS, DIRECTORY, ID: "" };
    for (const command of find("./brus enrol")) await run(command, variables);
    for (const command of find("./brus query").filter((each) => !each.includes("recompute"))) {
      const printed = await run(local(command), variables);
      ran.add(command);
      if (command.includes("check")) expect(printed).toContain("What remains suffices in every region.");
      if (command.includes("submit")) variables["ID"] = printed.trim();
      if (command.includes("result")) expect(printed).toContain("The nation");
    }
    // The same commands for a national release, and then an auditor's.
    writeFileSync(join(folder.path, "question.json"), JSON.stringify({ ...question, release: "national" }));
    const national: Record<string, string> = { ADDRESS, KEYS, ID: "" };
    for (const command of find("./brus query")) {
      const printed = await run(local(command).replaceAll("signed.json", "national.json"), national);
      if (command.includes("submit")) national["ID"] = printed.trim();
      if (command.includes("check")) expect(printed).toMatch(/by secure sum.*all missing that may be/);
      if (command.includes("result")) expect(printed).not.toContain("Region Stockholm");
      if (command.includes("recompute")) expect(printed).toContain("Holds: the published sum");
    }
    // A small calendar of the same dataset, to its end; the README's own is what the demonstration ran.
    const calendar = {
      title: { sv: "Kalender", en: "Calendar" },
      purpose: "To test",
      entries: [
        {
          dataset: "care-experience@1",
          indicators: [],
          tables: [{ columns: [] }, { columns: ["sex"] }],
          measures: [{ id: "persons", kind: "count" }],
          release: "regions",
          minRegions: FEW,
          rho: "1/100",
          periods: ["2025K1"],
        },
      ],
    };
    writeFileSync(join(folder.path, "calendar.json"), JSON.stringify(calendar));
    mkdirSync(join(folder.path, "catalogue"));
    writeFileSync(join(folder.path, "catalogue/calendar.json"), JSON.stringify(demoCalendar(FEW)));
    const beside = (command: string) =>
      patient(command).replaceAll(
        / (catalogue\/calendar\.json|calendar\.json|calendar-signed\.json|report\.html)/g,
        ` ${folder.path}/$1`,
      );
    for (const command of commands.filter((each) => /brus (calendar|release|report)|^curl/.test(each))) {
      const printed = await run(beside(command), variables);
      ran.add(command);
      if (command.includes("check")) expect(printed).toMatch(/journal 2026K3 +ρ = /);
      if (command.includes("release run")) expect(printed).toMatch(/: released sha256:[0-9a-f]{64}$/m);
      if (command.includes("release ls")) expect(printed).toMatch(/Indicators of care, 2026.*released/s);
      if (command.startsWith("curl")) expect(printed).toMatch(/^region,period,age group,value/);
    }
    for (const command of find("./brus pages check")) {
      expect(await run(command, variables)).toMatch(/^Holds: /);
    }
    for (const command of find("./brus desk"))
      await untilSaid(command, /Open, once: +http:\/\/127\.0\.0\.1:\d+\/#[0-9a-f]{64}/, variables);
    for (const command of find("./brus pages $ADDRESS")) {
      expect(await run(command.replace(" site", ` ${folder.path}/site`), variables)).toMatch(
        /^Copied \d+ tables/m,
      );
      ran.add(command);
      expect(readFileSync(join(folder.path, "site/sv/index.html"), "utf8")).toContain('<html lang="sv">');
    }
    const report = readFileSync(join(folder.path, "report.html"), "utf8");
    expect(report).toContain("Det som säkert skiljer sig");
    // And all of it is checked by a stranger, over the network and from a copy.
    const status = await run("./brus query status $ID --json --coordinator $ADDRESS", variables);
    const { release: RELEASE } = JSON.parse(status) as { release: string };
    const stranger = { ...variables, DIRECTORY, RELEASE };
    const elsewhere = (command: string) =>
      command.replaceAll(" copy", ` ${folder.path}/copy`).replaceAll(" receipts", ` ${folder.path}/receipts`);
    for (const command of commands.filter((each) => /brus (audit|log|receipt|verify)/.test(each))) {
      const printed = await run(elsewhere(command), stranger);
      ran.add(command);
      if (command.includes("audit $ADDRESS"))
        expect(printed).toMatch(/^Audit: all holds\..*checked by digest/s);
      if (command.includes("audit copy"))
        expect(printed).toMatch(/^Audit: all holds\.(?!.*checked by digest)/s);
      if (command.includes("log ls")) expect(printed).toMatch(/approved by approver-1/);
      if (command.includes("verify")) expect(printed).toMatch(/^Holds: the release/);
    }
    for (const format of ["json", "csv"]) {
      const printed = await run(
        `./brus query result $ID --format ${format} --coordinator $ADDRESS`,
        variables,
      );
      expect(printed).toContain("listening");
    }
    // Who is who changes; what was released before is still found to hold.
    for (const command of commands.filter((each) => /brus (keys|directory)/.test(each))) {
      const printed = await run(command.replaceAll(" next.json", ` ${folder.path}/next.json`), variables);
      ran.add(command);
      if (command.includes("diff"))
        expect(printed).toContain("signed by 2 of the 2 roots needed of version 1");
      if (command.includes("propose")) expect(printed).toMatch(/revoked: no → .*carla: new, approver/s);
    }
    const shown = await run("./brus directory show --coordinator $ADDRESS", variables);
    expect(shown).toContain("version 2");
    expect(await run("./brus audit $ADDRESS --directory1 $DIRECTORY", stranger)).toMatch(/^Audit: all holds/);
    const refused = await run("./brus query result sha256:00 --coordinator $ADDRESS", variables).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("usage: id: expected sha256:"),
    });
  });
});

describe("a region", () => {
  const folder = temporaryFolder();
  afterAll(folder.remove);

  test("imports, dry and really, and reads its ledger, with its node running and without", async () => {
    const port = await freePort();
    const made = makeFederation(
      folder.path,
      {
        name: "R",
        regions: [{ code: "01", name: "One" }],
        datasets: [writeDataset(CARE_EXPERIENCE)],
        approvals: 1,
        sealCost: CHEAP_SEAL,
      },
      now(),
      `http://127.0.0.1:${port}`,
    );
    writeFileSync(join(folder.path, "coordinator.json"), JSON.stringify({ ...made.coordinator, port }));
    const [entry] = made.nodes;
    copyFileSync(join(entry?.folder ?? "", "node.json"), join(folder.path, "node.yaml"));
    writeFileSync(join(folder.path, "mapping.json"), JSON.stringify(CARE_EXPERIENCE_MAPPING));
    writeFileSync(
      join(folder.path, "journal.csv"),
      journalOf({ code: "01", name: "One", population: 0 }, 500, 3),
    );
    const coordinator = startParty("coordinator", join(folder.path, "coordinator.json"));
    await coordinator.ready;
    const inFolder = (command: string) => run(command.replace("./brus", join(ROOT, "brus")), {}, folder.path);
    const [start = "", ...rest] = find("node.yaml").filter((each) => !each.includes("console"));
    for (const command of rest) {
      const printed = await inFolder(command);
      ran.add(command);
      if (command.includes("--dry-run")) expect(printed).toContain("dry-run, 500 rows in, 0 rejected");
      else if (command.includes("import")) expect(printed).toContain("taken, 500 rows in, 0 rejected");
      else expect(printed).toContain("0 entries, all recomputed");
    }
    ran.add(start);
    const node = startParty("node", join(folder.path, "node.yaml"));
    await node.ready;
    for (const command of rest)
      expect(await inFolder(command.replace("--dry-run ", ""))).toMatch(/known, 0 rows in|all recomputed/);
    for (const command of find("./brus console")) {
      const address = (await inFolder(command)).trim();
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#[0-9a-f]{64}$/);
      expect((await fetch(address)).headers.get("content-security-policy")).toContain("default-src 'none'");
      ran.add(command);
    }
    expect(await inFolder("./brus rekey --config node.yaml")).toContain("new pseudonym");
    await stopParty(node);
    await stopParty(coordinator);
  });
});

test("no command of the README was left out", () => {
  ran.add("npm test"); // This very run.
  const left = commands.filter(
    (command) => !ran.has(command) && !(command.includes("NHS_FFT") && !existsSync(NHS)),
  );
  expect(left).toEqual([]);
});
