/** Which witnesses from outside a directory may name. */
import { expect, test } from "vitest";
import { withWitnesses } from "../../../../cli/commands/directory-words.ts";
import { makeFederation } from "../../../../cli/demo/federation.ts";
import { changesOf } from "../../../../protocol/federation/changes.ts";
import { Directory } from "../../../../protocol/federation/directory.ts";
import { formatVerifierKey, NOTE_TYPES, verifierKey } from "../../../../protocol/log/note.ts";
import { writeDataset } from "../../../../protocol/question/catalogue.ts";
import { fromBase64 } from "../../../../protocol/values/bytes.ts";
import { newKey, signerOf } from "../../../../server/signing.ts";
import { temporaryFolder } from "../../../support/engines.ts";
import { CARE } from "../../../support/federation.ts";

const folder = temporaryFolder();
const { directory } = makeFederation(
  folder.path,
  { name: "F", regions: [{ code: "01", name: "01" }], datasets: [writeDataset(CARE)], approvals: 1 },
  new Date(),
  "http://127.0.0.1:1",
);
folder.remove();

const vkey = (publicKey: string, type: 1 | 4 = NOTE_TYPES.cosignature) =>
  formatVerifierKey(verifierKey("w.example/w", type, fromBase64(publicKey)));
const fresh = () => signerOf(newKey("witness")).publicKey;
const witness = { name: "W", key: vkey(fresh()), url: "https://w.example/prefix" };
const isValid = (...witnesses: object[]): boolean => Directory.safeParse({ ...directory, witnesses }).success;

test("a directory without any is as it was; with some, they are named with key and address", () => {
  expect(directory).not.toHaveProperty("witnesses");
  expect(Directory.parse(directory)).not.toHaveProperty("witnesses");
  expect(isValid(witness, { ...witness, name: "V", key: vkey(fresh()), required: true })).toBe(true);
});

test.each([
  ["http://127.0.0.1:7380", true],
  ["http://localhost:7380", true],
  ["http://[::1]:7380", true],
  ["https://w.example:8443/a/b", true],
  ["http://w.example", false],
  ["https://10.0.0.1", false],
  ["https://[fd00::1]", false],
  ["https://intranet", false],
  ["https://w.example/", false],
  ["https://w.example?x=1", false],
  ["https://w.example#x", false],
  ["https://user@w.example", false],
  ["ftp://w.example", false],
  ["file:///etc/passwd", false],
  ["w.example", false],
])("%s: %s", (url, valid) => {
  expect(isValid({ ...witness, url })).toBe(valid);
});

test("a key of another type, with another id, or that somebody else has is refused", () => {
  expect(isValid({ ...witness, key: vkey(fresh(), NOTE_TYPES.ed25519) })).toBe(false);
  expect(isValid({ ...witness, key: witness.key.replace(/\+[0-9a-f]{8}\+/, "+00000000+") })).toBe(false);
  expect(isValid({ ...witness, key: vkey(directory.nodes[0]?.keys.witness ?? "") })).toBe(false);
  expect(isValid(witness, { ...witness, name: "V" })).toBe(false);
  expect(isValid(witness, { ...witness, key: vkey(fresh()) })).toBe(false);
  const { log: _, witness: __, ...coordinator } = directory.coordinator;
  const nodes = directory.nodes.map((node) => ({ ...node, keys: { answer: node.keys.answer } }));
  expect(Directory.safeParse({ ...directory, coordinator, nodes }).success).toBe(true);
  expect(Directory.safeParse({ ...directory, coordinator, nodes, witnesses: [witness] }).success).toBe(false);
});

test("on the command line: name, key and address, required where it is said; a root reads what changes", () => {
  const text = `W=${witness.key}=https://w.example/prefix/`;
  expect(withWitnesses({}, [])).toEqual({});
  expect(withWitnesses({}, [text])).toEqual({ witnesses: [witness] });
  const after = withWitnesses({ witnesses: [witness] }, [`V=${vkey(fresh())}=https://v.example,required`]);
  expect(after.witnesses?.[1]).toMatchObject({ name: "V", url: "https://v.example", required: true });
  expect(() => withWitnesses({}, [`${text},perhaps`])).toThrow("name=verifier key=address");
  const lines = changesOf({ ...directory, witnesses: [witness] }, { ...directory, ...after });
  expect(lines).toEqual([
    expect.stringMatching(/^witness from outside V at https:\/\/v\.example, key \S+, required: new$/),
  ]);
});
