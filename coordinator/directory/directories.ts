/**
 * The directory as the coordinator keeps it: version 1 from its configuration, and the versions handed in since, each
 * logged in the transaction that stores it. It adds nobody of its own: roots sign.
 */
import { checkRules, Directory, type Federation } from "../../protocol/federation/directory.ts";
import { checkRoots, nextVersion, VersionDocument } from "../../protocol/federation/versions.ts";
import { isOf } from "../../protocol/signing/envelope.ts";
import type { Hash } from "../../protocol/values/bytes.ts";
import { parseJson } from "../../protocol/values/json.ts";
import { instant } from "../../protocol/values/names.ts";
import { parseWith, Refusal } from "../../protocol/values/refusal.ts";
import { oneAtATime } from "../../server/database.ts";
import type { Logs } from "../log/logs.ts";
import { filesOf } from "../log/offers.ts";
import type { CoordinatorStore } from "../store/database.ts";
import { once } from "../store/write.ts";

/** When a key of a person's comes into force after this, or the directory itself: what did not count may count then. */
export const beginningsAfter = (now: Date, { directory: { people, validFrom } }: Federation): Date[] =>
  [validFrom, ...people.flatMap(({ keys }) => keys.map(({ notBefore }) => notBefore))]
    .map((text) => new Date(text))
    .filter((begins) => begins > now);

export type Directories = {
  /** The version in force: the newest. */
  readonly current: () => Federation;
  /** Where it stands in the log; 0 for version 1. */
  readonly place: () => number;
  /** Takes the next version in; one that is known gives its id again. */
  readonly take: (document: VersionDocument, logs: Logs | null) => Promise<Hash>;
};

/** `check` refuses a version under which this coordinator could not go on, before anything is kept of it. */
export async function openDirectories(
  first: Federation,
  store: CoordinatorStore,
  now: () => Date,
  check: (federation: Federation) => void,
): Promise<Directories> {
  const rows = await store.kysely.selectFrom("directory").selectAll().orderBy("version").execute();
  const stored = (text: string) => parseWith(VersionDocument, parseJson(text), "stored directory");
  let current = rows.reduce((before, { document }) => nextVersion(before, stored(document)), first);
  let place = rows.at(-1)?.place ?? 0;
  const alone = oneAtATime();
  const adopt = async (document: VersionDocument, logs: Logs | null): Promise<Hash> => {
    const following = nextVersion(current, document);
    const { hash, envelope } = following;
    const { version, validFrom, expires } = following.directory;
    if (instant(now()) < validFrom || instant(now()) >= expires)
      throw new Refusal("directory-expired", "expected a version that is valid now");
    checkRules(following.directory);
    check(following);
    logs?.keep(filesOf(following));
    let put = 0;
    await once(store, async (database) => {
      put = (await logs?.document(database, "directory", hash, envelope)) ?? 0;
      await database
        .insertInto("directory")
        .values({ version, document: JSON.stringify(document), place: put })
        .execute();
    });
    [current, place] = [following, put];
    return hash;
  };
  return {
    current: () => current,
    place: () => place,
    take: async (document, logs) => {
      // Before anybody waits for it: anyone may hand one in. It is judged again by the version that is then in force.
      const before = knownIn(current, document);
      if (before !== null) return before;
      checkRoots(current, document.directory);
      return await alone(async () => {
        const known = knownIn(current, document);
        if (known !== null) return known;
        // Nothing is signed for between the leaf and the version's being in force: its keys sign for it.
        return logs === null ? await adopt(document, null) : await logs.follow(() => adopt(document, logs));
      });
    },
  };
}

/** The hash of the version that this is, whoever signed it here; told by its text alone, and null where it is none. */
const knownIn = (current: Federation, { directory }: VersionDocument): Hash | null =>
  isOf(directory, Directory)
    ? ([current, ...current.earlier].find(({ envelope }) => envelope.payload === directory.payload)?.hash ??
      null)
    : null;
