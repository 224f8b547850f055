/** The counties as tiles, about where they lie and all as large: Gotland is seen as well as Stockholm. A list of links in county order. */
import type { ComponentChildren } from "preact";
import { Link, type Page, type Search } from "../router.tsx";
import { GRID } from "./grid.ts";

/** What a tile has room for. */
const SHORT: Readonly<Record<string, string>> = {
  "01": "Stock\u00adholm",
  "03": "Uppsala",
  "04": "Sörm\u00adland",
  "05": "Öster\u00adgöt\u00adland",
  "06": "Jön\u00adköping",
  "07": "Krono\u00adberg",
  "08": "Kalmar",
  "09": "Got\u00adland",
  "10": "Blek\u00adinge",
  "12": "Skåne",
  "13": "Hal\u00adland",
  "14": "V. Göta\u00adland",
  "17": "Värm\u00adland",
  "18": "Örebro",
  "19": "Väst\u00admanland",
  "20": "Dalarna",
  "21": "Gävle\u00adborg",
  "22": "Väster\u00adnorr\u00adland",
  "23": "Jämt\u00adland",
  "24": "Väster\u00adbotten",
  "25": "Norr\u00adbotten",
};

/** A region's name without what every one of them is called. */
export const shortName = (name: string): string =>
  name
    .replace(/^Region /, "")
    .replace(/ län$/, "")
    .replace(/sregionen$/, "")
    .replace(/^Jönköpings$/, "Jönköping");

export type MapTile = {
  readonly region: string;
  readonly name: string;
  readonly class: string;
  readonly body: ComponentChildren;
};

export function Tiles({
  tiles,
  to,
  query,
  idOf,
  stays = false,
}: {
  readonly tiles: readonly MapTile[];
  readonly to: Page;
  readonly query?: (region: string) => Search;
  readonly idOf: (region: string) => string;
  readonly stays?: boolean;
}) {
  return (
    <ul class="tiles">
      {tiles.map(({ region, name, class: tone, body }) => {
        const [column, row] = GRID[region] ?? [0, 0];
        return (
          <li key={region} class={`c${column} w${row}`}>
            <Link to={to} id={idOf(region)} query={query?.(region)} stays={stays} class={`tile ${tone}`}>
              <span class="tname">{SHORT[region] ?? shortName(name)}</span>
              <span class="tn">{body}</span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
