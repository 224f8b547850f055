/**
 * Each rule that stops a lying coordinator is taken out in a copy of the code, one at a time; the tests of liars must
 * then fail. A rule that nothing misses is either not a rule or not tested; two that stop the same thing (one's own
 * advert in the first set, members of it in the second: boxes from elsewhere do not open) are not listed.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const LIARS = "test/flow/lying-coordinator.test.ts";
const NOISE = "test/statistics/shares.test.ts";

/** What the rule says; the file; the text that enforces it; what stands there instead; the tests that must miss it. */
const MUTATIONS: ReadonlyArray<readonly [string, string, string, string, string?]> = [
  [
    "no set below the floor",
    "protocol/secure-sum/messages.ts",
    "if (count < noiseShares.survivors)",
    "if (count < 0)",
  ],
  ["one message of each region", "protocol/secure-sum/messages.ts", "size !== opened.length)", "size < 0)"],
  [
    "each key once",
    "protocol/secure-sum/messages.ts",
    "new Set(keys).size !== keys.length",
    "keys.length < 0",
  ],
  [
    "adverts of this directory",
    "protocol/secure-sum/messages.ts",
    "payload.directory !== setting.directory",
    "payload.directory === null",
  ],
  [
    "messages of this query and attempt",
    "protocol/secure-sum/messages.ts",
    "payload.query !== setting.query || payload.attempt !== setting.attempt",
    "payload.attempt < 0",
  ],
  [
    "signed by the region it names",
    "protocol/secure-sum/messages.ts",
    " || keys.get(key) !== payload.node",
    "",
  ],
  [
    "messages of this session and these sets",
    "protocol/secure-sum/messages.ts",
    "within[field] !== undefined && named[field] !== within[field]",
    "within[field] === null",
  ],
  [
    "signatures of survivors",
    "protocol/secure-sum/messages.ts",
    "opened.some(({ payload }) => !survivors.some(({ node }) => node === payload.node))",
    "survivors.length < 0",
  ],
  [
    "t signatures",
    "protocol/secure-sum/messages.ts",
    "opened.length < setting.noiseShares.threshold",
    "opened.length < 0",
  ],
  [
    "the session is of its adverts",
    "protocol/secure-sum/messages.ts",
    "adverts.map(({ id, payload }) => [payload.node, id])",
    "[]",
  ],
  [
    "the first set stays",
    "node/secure-sum/participant.ts",
    "this.#shared.session !== session",
    "session === ''",
  ],
  [
    "the second set stays, one vector",
    "node/secure-sum/participant.ts",
    "this.#masked.u2 !== u2",
    "u2 === ''",
  ],
  [
    "one's own vector in the set",
    "node/secure-sum/participant.ts",
    "!survivors.some(({ node, masked }) => node === code && masked === own)",
    "own === ''",
  ],
  [
    "one set of one query, on disk",
    "node/secure-sum/participant.ts",
    "await disk.agree(setting.query, { attempt: this.attempt, session, survivors: hash });",
    "",
  ],
  [
    "an attempt begins once, on disk",
    "node/secure-sum/participant.ts",
    "await own.disk.begin(query, attempt);",
    "",
  ],
  [
    "no set below the floor, whoever has signed it",
    "node/secure-sum/participant.ts",
    "codes.length < setting.noiseShares.survivors",
    "false",
  ],
  [
    "one kind of share of a peer",
    "node/secure-sum/participant.ts",
    "!codes.includes(node));",
    "node !== '');",
  ],
  [
    "shares that open",
    "server/primitives.ts",
    'throw unfit("an encrypted box that opens");',
    "return new Uint8Array(66);",
  ],
  [
    "no shared secret of small order",
    "server/primitives.ts",
    'throw unfit("public keys of X25519 that give a shared secret");',
    "return new Uint8Array(32);",
  ],
  [
    "streams named by the second set",
    "protocol/secure-sum/mask.ts",
    "of.vector, of.length, of.u2]));\n  return",
    "of.vector, of.length]));\n  return",
  ],
  [
    "streams named by the vector",
    "protocol/secure-sum/mask.ts",
    '["self", node, of.vector, of.length, of.u2]',
    '["self", node, of.length, of.u2]',
  ],
  [
    "a mask of one's own",
    "node/secure-sum/mask.ts",
    "{ key: selfKey(primitives, input.seed, code, stream), sign: 1 },",
    "",
  ],
  [
    "seeds as committed to",
    "protocol/secure-sum/open-sum.ts",
    "secret === null || !fits(secret)) continue;",
    "secret === null) continue;",
  ],
  [
    "surplus as committed to",
    "protocol/secure-sum/open-sum.ts",
    "if (committed && opening !== undefined)",
    "if (surplus !== null && opening !== undefined)",
  ],
  [
    "surplus is what is above D's step",
    "node/secure-sum/mask.ts",
    "noise.slice(step + 1)",
    "noise.slice(step)",
    NOISE,
  ],
  [
    "noise of every component",
    "node/secure-sum/mask.ts",
    "for (const component of noise) sum",
    "for (const component of noise.slice(1)) sum",
    NOISE,
  ],
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "brus-mutations-"));
  for (const name of [
    "protocol",
    "publication",
    "node",
    "server",
    "coordinator",
    "cli",
    "test",
    "package.json",
    "vitest.config.ts",
  ])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const passes = (tests: string): boolean =>
  spawnSync(join(ROOT, "node_modules/.bin/node"), ["node_modules/vitest/vitest.mjs", "run", tests], {
    cwd: folder,
    stdio: "ignore",
    env: { ...process.env, BRUS_REQUIRE: "" },
  }).status === 0;

test("without a mutation the tests of liars pass", () => {
  expect(passes(LIARS)).toBe(true);
});

const CASES = MUTATIONS.map(
  ([rule, file, enforces, instead, tests]) => [rule, file, enforces, instead, tests ?? LIARS] as const,
);

test.each(CASES)("without “%s” they fail", (rule, file, enforces, instead, tests) => {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text.split(enforces).length, "the text that enforces it stands there once").toBe(2);
  try {
    writeFileSync(path, text.replace(enforces, instead));
    expect(passes(tests)).toBe(false);
    console.log(JSON.stringify({ name: "mutation", rule, caught: true }));
  } finally {
    writeFileSync(path, text);
  }
});
