/** The catalogue for the national data portal: DCAT-AP-SE 3, as RDF/XML and as JSON-LD, of the same description. */

import XMLBuilder from "fast-xml-builder";
import { Hono, type Context as HonoContext } from "hono";
import { FOCUS_AREAS } from "../../protocol/question/indicator.ts";
import { Refusal } from "../../protocol/values/refusal.ts";
import type { Cube } from "../../publication/cube.ts";
import { notesOf } from "../../publication/footnotes.ts";
import { ENDINGS, LICENSE } from "./formats.ts";
import type { Publication, Published } from "./publication.ts";
import { addressOf } from "./pxweb-listing.ts";

export type Publisher = { readonly name: string; readonly email: string };

const CONTEXT = {
  dcat: "http://www.w3.org/ns/dcat#",
  dcterms: "http://purl.org/dc/terms/",
  foaf: "http://xmlns.com/foaf/0.1/",
  vcard: "http://www.w3.org/2006/vcard/ns#",
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
} as const;

const HEALTH = "http://publications.europa.eu/resource/authority/data-theme/HEAL";
const DATE = "http://www.w3.org/2001/XMLSchema#date";
const SWEDISH = "http://publications.europa.eu/resource/authority/language/SWE";
const PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC";
const MEDIA = {
  csv: "text/csv",
  px: "application/octet-stream",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  parquet: "application/vnd.apache.parquet",
  json: "application/json",
} as const;

/** A resource: its address, its class, and what is said of it: texts by language, plain texts, or other resources. */
type Said =
  | { readonly text: string; readonly language?: string; readonly datatype?: string }
  | { readonly about: string };
type Resource = {
  readonly about: string;
  readonly type: string;
  readonly says: ReadonlyArray<readonly [string, Said]>;
};

const both = (property: string, text: { sv: string; en: string }): Array<readonly [string, Said]> => [
  [property, { text: text.sv, language: "sv" }],
  [property, { text: text.en, language: "en" }],
];
const at = (property: string, about: string): readonly [string, Said] => [property, { about }];

/** All that the catalogue says, one resource after the other; no blank nodes, each agent once. */
function resourcesOf({ cubes }: Published, address: string, publisher: Publisher): Resource[] {
  const agent = `${address}/#publisher`;
  const contact = `${address}/#contact`;
  const service = `${address}/api/v2/config#service`;
  const title = { sv: "Brus: indikatorer för vården", en: "Brus: indicators of care" };
  const description = {
    sv: "Vårdens indikatorer från alla regioner, med slumpmässig osäkerhet som skyddar enskilda personer.",
    en: "Indicators of care from all regions, with random noise that protects individuals.",
  };
  const tables = [...cubes.values()];
  return [
    {
      about: `${address}/dcat`,
      type: "dcat:Catalog",
      says: [
        ...both("dcterms:title", title),
        ...both("dcterms:description", description),
        at("dcterms:publisher", agent),
        at("dcterms:license", LICENSE),
        ...tables.map(({ id }) => at("dcat:dataset", datasetAt(address, id))),
        at("dcat:service", service),
      ],
    },
    { about: agent, type: "foaf:Agent", says: [["foaf:name", { text: publisher.name }]] },
    {
      about: contact,
      type: "vcard:Organization",
      says: [["vcard:fn", { text: publisher.name }], at("vcard:hasEmail", `mailto:${publisher.email}`)],
    },
    {
      about: service,
      type: "dcat:DataService",
      says: [
        ...both("dcterms:title", { sv: "PxWebApi 2", en: "PxWebApi 2" }),
        at("dcat:endpointURL", `${address}/api/v2`),
        at("dcat:endpointDescription", `${address}/openapi.json`),
        at("dcterms:license", LICENSE),
        at("dcterms:publisher", agent),
        at("dcat:contactPoint", contact),
        ...tables.map(({ id }) => at("dcat:servesDataset", datasetAt(address, id))),
      ],
    },
    ...tables.flatMap((cube) => [
      datasetIn(cube, address, agent, contact),
      ...distributionsOf(cube, address),
    ]),
  ];
}

const datasetAt = (address: string, id: string): string => `${address}/dcat/${id}`;

const datasetIn = (cube: Cube, address: string, agent: string, contact: string): Resource => ({
  about: datasetAt(address, cube.id),
  type: "dcat:Dataset",
  says: [
    ...both("dcterms:title", cube.label),
    ["dcterms:description", { text: notesOf(cube, "sv").slice(0, 2).join(" "), language: "sv" }],
    ["dcterms:description", { text: notesOf(cube, "en").slice(0, 2).join(" "), language: "en" }],
    ...both("dcat:keyword", FOCUS_AREAS[cube.indicator.focus]),
    ["dcterms:modified", { text: cube.updated.slice(0, 10), datatype: DATE }],
    ["dcterms:identifier", { text: cube.id }],
    at("dcterms:publisher", agent),
    at("dcat:contactPoint", contact),
    at("dcat:theme", HEALTH),
    at("dcterms:accessRights", PUBLIC),
    ...Object.keys(ENDINGS).map((ending) =>
      at("dcat:distribution", distributionAt(address, cube.id, ending)),
    ),
  ],
});

const distributionAt = (address: string, id: string, ending: string): string =>
  `${address}/data/sv/${id}.${ending}`;

const distributionsOf = (cube: Cube, address: string): Resource[] =>
  (Object.keys(ENDINGS) as Array<keyof typeof ENDINGS>).map((ending) => ({
    about: distributionAt(address, cube.id, ending),
    type: "dcat:Distribution",
    says: [
      ...both("dcterms:title", { sv: `${cube.label.sv} (${ending})`, en: `${cube.label.en} (${ending})` }),
      at("dcat:accessURL", distributionAt(address, cube.id, ending)),
      at("dcat:downloadURL", distributionAt(address, cube.id, ending)),
      at("dcterms:license", LICENSE),
      at("dcterms:language", SWEDISH),
      at("dcat:mediaType", `https://www.iana.org/assignments/media-types/${MEDIA[ending]}`),
    ],
  }));

function rdfXml(resources: readonly Resource[]): string {
  const grouped = new Map<string, unknown[]>();
  for (const { about, type, says } of resources) {
    const properties: Record<string, unknown[]> = {};
    for (const [property, said] of says) {
      const value =
        "about" in said
          ? { "@_rdf:resource": said.about }
          : {
              ...(said.language === undefined ? {} : { "@_xml:lang": said.language }),
              ...(said.datatype === undefined ? {} : { "@_rdf:datatype": said.datatype }),
              "#text": said.text,
            };
      properties[property] = [...(properties[property] ?? []), value];
    }
    grouped.set(type, [...(grouped.get(type) ?? []), { "@_rdf:about": about, ...properties }]);
  }
  const namespaces = Object.fromEntries(
    Object.entries(CONTEXT).map(([prefix, uri]) => [`@_xmlns:${prefix}`, uri]),
  );
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ "rdf:RDF": { ...namespaces, ...Object.fromEntries(grouped) } })}`;
}

function jsonLd(resources: readonly Resource[]): string {
  const graph = resources.map(({ about, type, says }) => {
    const node: Record<string, unknown> = { "@id": about, "@type": type };
    for (const [property, said] of says) {
      const value =
        "about" in said
          ? { "@id": said.about }
          : said.language === undefined
            ? said.datatype === undefined
              ? said.text
              : { "@value": said.text, "@type": said.datatype }
            : { "@value": said.text, "@language": said.language };
      const known = node[property];
      node[property] = known === undefined ? [value] : [...(known as unknown[]), value]; // Every property is a list.
    }
    return node;
  });
  return JSON.stringify({ "@context": CONTEXT, "@graph": graph });
}

export function dcatOf(publication: Publication, publisher: Publisher): Hono {
  const app = new Hono();
  const kept = new Map<string, { readonly key: string; readonly text: string }>();
  const give = async (c: HonoContext, type: string, write: (resources: readonly Resource[]) => string) => {
    const published = await publication.current();
    const address = addressOf(c, published);
    const key = `${published.version} ${type} ${address}`;
    // The latest of each kind is kept: a harvester asks again and again.
    const known = kept.get(type);
    const text = known?.key === key ? known.text : write(resourcesOf(published, address, publisher));
    kept.set(type, { key, text });
    return c.body(text, 200, { "content-type": type, "cache-control": "public, max-age=300" });
  };
  app.get("/dcat", (c) => give(c, "application/rdf+xml", rdfXml));
  // The name of a table in the catalogue leads to what the catalogue says of it.
  app.get("/dcat/:id", async (c) => {
    const published = await publication.current();
    const address = addressOf(c, published);
    const about = datasetAt(address, c.req.param("id"));
    const own = resourcesOf(published, address, publisher).filter(
      (each) => each.about === about || each.about.startsWith(`${address}/data/sv/${c.req.param("id")}.`),
    );
    if (!own.some((each) => each.about === about))
      throw new Refusal("table-unknown", "expected the id of a table that is published");
    return c.body(rdfXml(own), 200, {
      "content-type": "application/rdf+xml",
      "cache-control": "public, max-age=300",
    });
  });
  app.get("/dcat.rdf", (c) => give(c, "application/rdf+xml", rdfXml));
  app.get("/dcat.jsonld", (c) => give(c, "application/ld+json", jsonLd));
  return app;
}
