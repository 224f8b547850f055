declare module "rdf-parser-csvw" {
  import type { Readable } from "node:stream";
  export default class Parser {
    constructor(options: { metadata: unknown; baseIRI: string });
    import(input: Readable): Readable;
  }
}
declare module "@rdfjs/data-model" {
  type Term = { readonly termType: string; readonly value: string };
  const factory: {
    namedNode: (value: string) => Term;
    blankNode: (value: string) => Term;
    literal: (value: string, languageOrDatatype: string | Term) => Term;
    quad: (subject: Term, predicate: Term, object: Term) => unknown;
  };
  export default factory;
}
declare module "jsonld" {
  type Term = {
    readonly termType: string;
    readonly value: string;
    readonly language?: string;
    readonly datatype: { readonly value: string };
  };
  const jsonld: {
    toRDF: (
      document: object,
    ) => Promise<Array<{ readonly subject: Term; readonly predicate: Term; readonly object: Term }>>;
  };
  export default jsonld;
}
