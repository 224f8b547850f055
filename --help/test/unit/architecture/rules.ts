/**
 * The rules of the tree, each a pure function of sources: what it returns are the places that break it, in words, and
 * none where it holds. So a test can hand each a text that breaks it.
 */
import {
  at,
  childrenOf,
  type Graph,
  lineAt,
  type Node,
  nameOf,
  type Source,
  treeOf,
  walk,
} from "./source.ts";

/** Circles of imports, one for each set of files that reach each other: its shortest, from its first file. */
export function circles(graph: Graph): string[] {
  const reached = (from: string): Map<string, string> => {
    const before = new Map<string, string>();
    const queue = [from];
    for (const file of queue)
      for (const next of graph.get(file) ?? [])
        if (!before.has(next)) {
          before.set(next, file);
          queue.push(next);
        }
    return before;
  };
  const found: string[] = [];
  const told = new Set<string>();
  for (const file of [...graph.keys()].sort()) {
    const before = reached(file);
    if (told.has(file) || !before.has(file)) continue;
    const path = [file];
    for (let step = before.get(file) ?? file; step !== file; step = before.get(step) ?? file)
      path.unshift(step);
    found.push([file, ...path].join(" → "));
    for (const other of before.keys()) if (reached(other).has(file)) told.add(other);
  }
  return found;
}

/** Folders at the top, and which of them each may import from. */
export type Folders = Readonly<Record<string, readonly string[]>>;

const topOf = (file: string): string => file.split("/")[0] ?? "";

/** Imports that a folder may not make. `sole`: folders of which only these parts may import from a folder. */
export function strayImports(
  graph: Graph,
  may: Folders,
  sole: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): string[] {
  return [...graph].flatMap(([file, names]) =>
    names
      .filter((name) => {
        const part = sole[topOf(file)]?.[topOf(name)];
        return (
          !(may[topOf(file)] ?? []).includes(topOf(name)) || (part !== undefined && !file.startsWith(part))
        );
      })
      .map((name) => `${file} imports ${name}`),
  );
}

/** Imports within a folder that go up: rooms (or single files) in layers, ground first. What stands side by side may not import each other. */
export function upwardImports(
  graph: Graph,
  folder: string,
  layers: ReadonlyArray<readonly string[]>,
): string[] {
  const layerOf = (file: string): [number, string] | null => {
    const inside = file.slice(folder.length + 1);
    const names = [inside, inside.split("/")[0] ?? ""];
    for (const name of names) {
      const layer = layers.findIndex((rooms) => rooms.includes(name));
      if (layer >= 0) return [layer, name === inside ? (inside.split("/")[0] ?? "") : name];
    }
    return null;
  };
  const within = [...graph.keys()].filter((file) => file.startsWith(`${folder}/`));
  const homeless = within
    .filter((file) => layerOf(file) === null)
    .map((file) => `${file} stands in no layer`);
  const up = within.flatMap((file) =>
    (graph.get(file) ?? [])
      .filter((name) => {
        const [here, there] = [layerOf(file), layerOf(name)];
        if (here === null || there === null) return false;
        return there[0] > here[0] || (there[0] === here[0] && there[1] !== here[1]);
      })
      .map((name) => `${file} imports ${name}`),
  );
  return [...homeless, ...up];
}

/** What reads the clock, draws randomness, asks the network or the environment: members, and names by themselves. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  performance: ["now", "timeOrigin"],
  Math: ["random"],
  process: ["env", "hrtime", "uptime"],
  crypto: ["getRandomValues", "randomUUID"],
  Now: ["instant", "plainDateISO", "plainDateTimeISO", "plainTimeISO", "zonedDateTimeISO"],
  globalThis: ["fetch", "crypto", "performance", "process"],
};
const NAMES = [
  ...["fetch", "randomBytes", "randomFill", "randomFillSync", "randomInt", "randomUUID", "getRandomValues"],
  ...["generateKeyPair", "generateKeyPairSync", "generateKey", "generateKeySync", "hrtime"],
];

const isFunction = ({ type }: Node): boolean =>
  /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type);

/** Names that a pattern binds. */
function boundBy(pattern: Node | null): string[] {
  if (pattern === null) return [];
  if (pattern.type === "Identifier") return [nameOf(pattern) ?? ""];
  if (pattern.type === "Property") return boundBy(at(pattern, "value"));
  if (pattern.type === "AssignmentPattern") return boundBy(at(pattern, "left"));
  if (pattern.type === "RestElement") return boundBy(at(pattern, "argument"));
  return /Pattern$/.test(pattern.type) ? childrenOf(pattern).flatMap(boundBy) : [];
}

/** Whether a name is an argument, or a variable, of what stands around a place; what is imported is not its own. */
function isOwn(name: string, around: readonly Node[]): boolean {
  return around.some((node) => {
    if (isFunction(node)) {
      const params = node["params"];
      if (Array.isArray(params) && (params as Node[]).flatMap(boundBy).includes(name)) return true;
    }
    if (!/^(BlockStatement|Program)$/.test(node.type)) return false;
    return childrenOf(node).some((statement) => {
      const declared = statement.type === "ExportNamedDeclaration" ? at(statement, "declaration") : statement;
      if (declared === null) return false;
      if (declared.type === "FunctionDeclaration") return nameOf(at(declared, "id")) === name;
      if (declared.type !== "VariableDeclaration") return false;
      return childrenOf(declared).some((one) => boundBy(at(one, "id")).includes(name));
    });
  });
}

/** Whether an identifier is read here, and not the name of a member, a key, a type's part or an import. */
function isRead(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return at(parent, "object") === node || parent["computed"] === true;
  if (parent.type === "Property") return at(parent, "value") === node;
  if (/^(TS|Import|Export|MethodDefinition|PropertyDefinition|JSXAttribute)/.test(parent.type))
    return parent.type === "TSAsExpression" || parent.type === "TSSatisfiesExpression";
  if (isFunction(parent)) return at(parent, "body") === node;
  return true;
}

/** Uses of the clock, of randomness, of the network and of the environment. Timers are none: they tell no time. */
export function platformUses(source: Source): string[] {
  const uses: string[] = [];
  walk(treeOf(source), (node, around) => {
    const what = platformIn(node, around);
    if (what !== null) uses.push(`${source.file} uses ${what} in line ${lineAt(source, node.start)}`);
  });
  return uses;
}

function platformIn(node: Node, around: readonly Node[]): string | null {
  if (node.type === "MemberExpression") {
    const [object, property] = [at(node, "object"), nameOf(at(node, "property"))];
    if (object?.type === "MetaProperty") return property === "env" ? "import.meta.env" : null;
    const owner = nameOf(object) ?? nameOf(object === null ? null : at(object, "property")) ?? "";
    const told = property !== null && MEMBERS[owner]?.includes(property) && !isOwn(owner, around);
    return told ? `${owner}.${property}` : null;
  }
  if (/^(New|Call)Expression$/.test(node.type) && nameOf(at(node, "callee")) === "Date") {
    const given = node["arguments"];
    return node.type === "CallExpression" || (Array.isArray(given) && given.length === 0)
      ? "new Date()"
      : null;
  }
  const name = node.type === "Identifier" ? (nameOf(node) ?? "") : "";
  return NAMES.includes(name) && isRead(node, around.at(-1)) && !isOwn(name, around) ? name : null;
}

/** What a function is called: by its own name, by what it is given to, or by the function that it is an argument of. */
function calledAs(node: Node, around: readonly Node[], { text }: Source): string {
  const own = nameOf(at(node, "id"));
  if (own !== null) return own;
  for (const outer of [...around].reverse()) {
    if (isFunction(outer) || /Statement$/.test(outer.type)) break;
    const callee = outer.type === "CallExpression" ? at(outer, "callee") : null;
    if (callee !== null) return `what ${text.slice(callee.start, callee.end).split("\n")[0]} is given`;
    const name = nameOf(at(outer, "id")) ?? nameOf(at(outer, "key"));
    if (name !== null) return name;
  }
  return "a function";
}

/** Functions of more lines than `most`, from their first to their last, those within counted in. */
export function longFunctions(source: Source, most: number): string[] {
  const long: string[] = [];
  walk(treeOf(source), (node, around) => {
    const lines = isFunction(node) ? source.text.slice(node.start, node.end).split("\n").length : 0;
    if (lines > most)
      long.push(
        `${source.file}: ${calledAs(node, around, source)} has ${lines} lines, from line ${lineAt(source, node.start)}`,
      );
  });
  return long;
}
