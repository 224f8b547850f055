/** The project's sources as the rules see them: a name, a text, and what the pinned parser (vite's) reads in it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "vite";

export type Source = { readonly file: string; readonly text: string };

/** A node of the syntax tree, as ESTree has them; what else it holds is read by name and never trusted to be there. */
export type Node = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [name: string]: unknown;
};

/** Every TypeScript file of these folders, what is built left out. */
export function sourcesIn(root: string, folders: readonly string[]): readonly Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !/^(dist|node_modules)\//.test(name))
      .sort()
      .map((name) => join(folder, name))
      .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") })),
  );
}

const trees = new WeakMap<Source, Node>();

/** The syntax tree of a source, read once. Throws where the text is no TypeScript: a rule that sees nothing holds nothing. */
export function treeOf(source: Source): Node {
  const known = trees.get(source);
  if (known !== undefined) return known;
  const { program, errors } = parseSync(source.file, source.text, {
    lang: source.file.endsWith("x") ? "tsx" : "ts",
    sourceType: "module",
  });
  if (errors.length > 0) throw new Error(`${source.file}: ${errors[0]?.message}`);
  const tree = program as unknown as Node;
  trees.set(source, tree);
  return tree;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** The nodes directly below a node, in the order of the text. */
export const childrenOf = (node: Node): Node[] =>
  Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );

/** Goes to every node of a tree, with those around it, the nearest last: a list that is true for the moment only. */
export function walk(
  node: Node,
  see: (node: Node, around: readonly Node[]) => void,
  around: Node[] = [],
): void {
  see(node, around);
  around.push(node);
  for (const child of childrenOf(node)) walk(child, see, around);
  around.pop();
}

/** A member of a node that is a node itself. */
export const at = (node: Node, name: string): Node | null => {
  const value = node[name];
  return isNode(value) ? value : null;
};

/** The name that an identifier, or a member written with a dot, has; else null. */
export const nameOf = (node: Node | null): string | null =>
  node !== null && /^(JSX)?Identifier$/.test(node.type) && typeof node["name"] === "string"
    ? node["name"]
    : null;

/** The line of a place in a text, from 1. */
export const lineAt = ({ text }: Source, place: number): number => text.slice(0, place).split("\n").length;

const IMPORTS = [
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
];

/** What a file imports, as it is written: static, dynamic and of types alone. A worker is imported by its address. */
export function importsOf(source: Source): readonly string[] {
  const found: string[] = [];
  walk(treeOf(source), (node) => {
    const named = IMPORTS.includes(node.type)
      ? at(node, "source")
      : isAddress(node, source)
        ? literalIn(node)
        : null;
    if (typeof named?.["value"] === "string") found.push(named["value"]);
  });
  return found;
}

const literalIn = (node: Node): Node | null =>
  childrenOf(node).find(({ type }) => type === "Literal") ?? null;

const isAddress = (node: Node, { text }: Source): boolean =>
  node.type === "NewExpression" &&
  nameOf(at(node, "callee")) === "URL" &&
  text.slice(node.start, node.end).includes("import.meta.url");

/** The project's own files that each file imports. */
export type Graph = ReadonlyMap<string, readonly string[]>;

export const graphOf = (sources: readonly Source[]): Graph =>
  new Map(
    sources.map((source) => [
      source.file,
      importsOf(source)
        .filter((name) => name.startsWith("."))
        .map((name) => normalize(join(dirname(source.file), name))),
    ]),
  );
