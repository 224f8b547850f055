/** Charges as an admitted query would make them, and directories to compute them by: without databases or HTTP. */
import type { Charge } from "../../node/answer/ledger.ts";
import {
  accountsOf,
  type Booking,
  type Drawing,
  type OwnCeilings,
} from "../../protocol/federation/accounts.ts";
import { type Directory, type Federation, readFederation } from "../../protocol/federation/directory.ts";
import { YEAR_TOTAL } from "../../protocol/question/accounts.ts";
import { ledgerGroupOf, refOf, writeDataset } from "../../protocol/question/catalogue.ts";
import { type Signer, signDocument } from "../../protocol/signing/envelope.ts";
import { type Hash, hashOf, utf8 } from "../../protocol/values/bytes.ts";
import type { Period } from "../../protocol/values/period.ts";
import { parseRational } from "../../protocol/values/rational.ts";
import { nativeVerify, newKey, signerOf } from "../../server/signing.ts";
import { CARE, type DatasetDraft } from "./federation.ts";

/** ρ = 1/100 of two quarters of one account, of which ten fit; their year has room for all. */
export function chargeOfTwo(query: Hash): Charge {
  const periods = ["2025K1", "2025K2"];
  const rho = parseRational("1/100");
  const bookings: Booking[] = [
    ...periods.map((period) => ({ account: "journal", period, rho, ceiling: parseRational("1/10") })),
    { account: YEAR_TOTAL, period: "2025", rho: parseRational("1/50"), ceiling: parseRational("100") },
  ];
  return { query, account: "journal", periods, rho, bookings, seen: null };
}

export type Changed = Partial<DatasetDraft> & { readonly dataset: string };

/** Datasets like `CARE`, each with what is said of it. */
export const draftsOf = (datasets: readonly Changed[]): DatasetDraft[] =>
  datasets.map((changed) => ({ ...CARE, ...changed }));

export type Made = { readonly federation: Federation; readonly root: Signer; readonly anna: Signer };

/** A directory of one region that names these datasets and, where it is said, ρ of a year; anna may sign calendars. */
export function directoryWith(datasets: readonly Changed[], more: Partial<Directory> = {}): Made {
  const documents = draftsOf(datasets).map(writeDataset);
  const [root, anna] = [signerOf(newKey("root")), signerOf(newKey("ask"))];
  const always = { notBefore: "2020-01-01T00:00:00Z", notAfter: "2030-01-01T00:00:00Z" };
  const directory: Directory = {
    version: 1,
    previous: null,
    name: "Accounts",
    validFrom: always.notBefore,
    expires: always.notAfter,
    roots: { keys: [root.publicKey], threshold: 1 },
    coordinator: { release: signerOf(newKey("release")).publicKey },
    nodes: [
      { code: "01", name: "One", status: "active", keys: { answer: signerOf(newKey("answer")).publicKey } },
    ],
    people: [
      {
        id: "anna",
        roles: ["researcher", "calendar"],
        region: null,
        keys: [{ key: anna.publicKey, purpose: "ask", ...always, revoked: null }],
      },
    ],
    datasets: documents.map(({ dataset, hash }) => ({ dataset: refOf(dataset), hash })),
    approvalRules: [{ dataset: "*", role: "approver", persons: 1 }],
    ...more,
  };
  const bodies = documents.map(({ body }) => body);
  const federation = readFederation(signDocument("directory", directory, root), bodies, null, nativeVerify);
  return { federation, root, anna };
}

export type Asking = Drawing & {
  readonly dataset: string;
  readonly periods: readonly Period[];
  readonly rho: string;
  readonly own?: OwnCeilings;
};

/** What asking so charges, by this directory; each name is another query. */
export function chargeFor(
  federation: Federation,
  name: string,
  { dataset: ref, periods, rho, own = {}, ...drawing }: Asking,
): Charge {
  const document = federation.datasets.get(ref);
  if (document === undefined) throw new Error(`expected ${ref}`);
  const { dataset } = document;
  const charge = parseRational(rho);
  const bookings = accountsOf(federation, { dataset, periods, charge }, drawing, own);
  const query = hashOf(utf8(name));
  return { query, account: ledgerGroupOf(dataset), periods, rho: charge, bookings, seen: null };
}
