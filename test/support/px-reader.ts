/** Reads a PX file by its own description (PX-file format, Statistics Sweden 2013); shares nothing with the writer. */
export type PxFile = {
  readonly keywords: ReadonlyMap<string, readonly string[]>;
  readonly data: ReadonlyArray<number | string>;
};

export function readPx(text: string): PxFile {
  const keywords = new Map<string, readonly string[]>();
  let at = 0;
  const space = () => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const string = (): string => {
    const end = text.indexOf('"', at + 1);
    if (end < 0) throw new Error("a string that does not end");
    const value = text.slice(at + 1, end);
    at = end + 1;
    return value;
  };
  for (space(); at < text.length; space()) {
    const equals = text.indexOf("=", at);
    // A keyword's own arguments are quoted, and may hold an equals sign themselves.
    let name = "";
    while (at < text.length && text[at] !== "=") name += text[at] === '"' ? `"${string()}"` : text[at++];
    if (equals < 0) throw new Error("a keyword without a value");
    at++;
    if (name.trim() === "DATA") return { keywords, data: dataOf(text.slice(at)) };
    const values: string[] = [];
    for (;;) {
      space();
      if (text[at] === '"') values.push(string());
      else {
        const end = text.slice(at).search(/[;,]/) + at;
        values.push(text.slice(at, end).trim());
        at = end;
      }
      space();
      if (text[at] === ";") break;
      if (text[at] !== ",") throw new Error(`expected , or ; after ${name}`);
      at++;
    }
    at++;
    keywords.set(name.trim(), values);
  }
  throw new Error("a file without DATA");
}

function dataOf(text: string): Array<number | string> {
  const end = text.lastIndexOf(";");
  return (text.slice(0, end).match(/"[^"]*"|\S+/g) ?? []).map((token) =>
    token.startsWith('"') ? token.slice(1, -1) : Number(token),
  );
}
