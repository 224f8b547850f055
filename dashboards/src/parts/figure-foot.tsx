/** What stands under every chart: the same as files, to embed, and its seal. */
import { useState } from "preact/hooks";
import { savePng, saveSvg } from "../charts/save.ts";
import { useLanguage, useSay } from "../language.ts";
import type { Search } from "../router.tsx";
import { Seal } from "./seal.tsx";

const SAY = {
  sv: { embed: "Bädda in", copied: "Koden är kopierad", whole: "Hela tabellen som" },
  en: { embed: "Embed", copied: "The code is copied", whole: "The whole table as" },
};

type Picture = () => { readonly svg: SVGSVGElement; readonly remove: boolean } | null;

/** Saves a chart as it looks on the page, with where it is from. */
async function saveAs(as: "svg" | "png", picture: Picture, name: string, source: string): Promise<void> {
  const found = picture();
  if (found === null) return;
  try {
    if (as === "svg") saveSvg(found.svg, name, source);
    else await savePng(found.svg, name, source);
  } finally {
    if (found.remove) found.svg.remove();
  }
}

/** What another's page shows one section of this one by. */
function frameOf(part: string, what: string): string {
  const address = new URL(location.href);
  address.searchParams.set("embed", part);
  return `<iframe src="${address.href.replaceAll("&", "&amp;")}" title="${what.replaceAll('"', "&quot;")}" width="100%" height="700"></iframe>`;
}

export function FigureFoot({
  part,
  sealed = true,
  table,
  release,
  query,
  what,
  picture,
}: {
  /** The section of the page that is embedded. */
  readonly part: string;
  /** False where the chart holds figures of several releases: no one of them vouches for all. */
  readonly sealed?: boolean;
  readonly table: string;
  readonly release: string;
  readonly query: Search;
  readonly what: string;
  /** The chart as a drawing, and whether it is to be taken away after it was saved. */
  readonly picture: Picture;
}) {
  const say = useSay(SAY);
  const language = useLanguage();
  const [copied, set] = useState(false);
  const source = () => `${what}. Brus, ${location.host}, ${release.slice(0, 19)}`;
  const embed = () => navigator.clipboard.writeText(frameOf(part, what)).then(() => set(true));
  const file = (ending: string) => `/data/${language}/${encodeURIComponent(table)}.${ending}`;
  return (
    <p class="figfoot small">
      <a href={file("csv")} download aria-label={`${say.whole} CSV`}>
        CSV
      </a>
      <a href={file("json")} download aria-label={`${say.whole} JSON-stat`}>
        JSON-stat
      </a>
      {(["png", "svg"] as const).map((as) => (
        <button
          key={as}
          type="button"
          aria-label={`${as.toUpperCase()}: ${what}`}
          onClick={() => void saveAs(as, picture, table, source())}
        >
          {as.toUpperCase()}
        </button>
      ))}
      <button type="button" onClick={() => void embed()}>
        {say.embed}
      </button>
      <span role="status">{copied ? say.copied : ""}</span>
      <Seal release={release} table={sealed ? table : null} query={query} what={what} />
    </p>
  );
}
