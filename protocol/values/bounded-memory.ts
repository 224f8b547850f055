/** A bounded memory of what was made: it saves work, and must never be all that knows something. */

/** What is kept under a key, or made and kept in place of what has not been asked for the longest. */
export function remembered<T>(all: Map<string, T>, key: string, most: number, make: () => T): T {
  const value = all.get(key) ?? make();
  all.delete(key);
  all.set(key, value);
  const [oldest] = all.keys();
  if (all.size > most && oldest !== undefined) all.delete(oldest);
  return value;
}
