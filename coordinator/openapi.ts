/** The OpenAPI 3.1 description, made from the same schemas that parse: it cannot say anything else than they do. */
import { z } from "zod";
import { Directory } from "../protocol/federation/directory.ts";
import { Approval } from "../protocol/question/approval.ts";
import { Dataset } from "../protocol/question/catalogue.ts";
import { Query } from "../protocol/question/query.ts";
import { Answer, LedgerHead, Poll, RefusalNote } from "../protocol/release/answer.ts";
import { MaterialRequest } from "../protocol/release/material.ts";
import { Release } from "../protocol/release/release.ts";
import { Advert, Agreement, Commitment, Masked, Opening } from "../protocol/secure-sum/messages.ts";
import { Problem } from "../protocol/values/refusal.ts";
import { ROUTES, type Route } from "../protocol/wire/routes.ts";
import { PUBLIC, type PublicRoute, REFUSED } from "./publish/public-routes.ts";

/** Payloads of the envelopes, described beside the routes so that a client can be written from this page alone. */
const PAYLOADS = {
  Query,
  Approval,
  Answer,
  RefusalNote,
  Release,
  Poll,
  LedgerHead,
  Directory,
  Dataset,
  Advert,
  Commitment,
  Masked,
  Agreement,
  Opening,
  MaterialRequest,
};

export function openApi(): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(name, route) };
  }
  for (const route of PUBLIC) {
    paths[route.path] = { ...paths[route.path], [route.method]: publicOperation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Brus coordinator",
      version: "1",
      description:
        "Whatever changes something carries a DSSE envelope whose signature says who may do it; the rest are reads.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: Object.fromEntries([
        ["Problem", schemaOf(Problem, "output")],
        ...Object.entries(PAYLOADS).map(([n, s]) => [n, schemaOf(s, "input")]),
      ]),
    },
  };
}

function publicOperation({
  path,
  method,
  says,
  parameters,
  body,
  type,
}: PublicRoute): Record<string, unknown> {
  const refused = {
    description: "A refusal",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  return {
    operationId: `${method}${path.replaceAll(/[^a-z0-9]+/gi, "_")}`,
    summary: says,
    parameters: parameters.map((each) => ({ ...each, required: each.in === "path" })),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      200: { description: "Done", content: { [type]: {} } },
      ...(method === "get" ? { 304: { description: "As it was" } } : {}),
      ...Object.fromEntries(REFUSED.map((status) => [status, refused])),
    },
  };
}

function operation(name: string, route: Route): Record<string, unknown> {
  const json = (schema: z.ZodType, io: "input" | "output") => ({
    "application/json": { schema: schemaOf(schema, io) },
  });
  const problem = {
    description: "A refusal",
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  return {
    operationId: name,
    summary: route.says,
    ...(route.params === undefined
      ? {}
      : {
          parameters: [
            {
              name: "id",
              in: "path",
              required: true,
              schema: { type: "string", pattern: "^sha256:[0-9a-f]{64}$" },
            },
          ],
        }),
    ...(route.raw === true
      ? { requestBody: { required: true, content: { "application/octet-stream": {} } } }
      : {}),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(route.body, "input") } }),
    responses: { 200: { description: "Done", content: json(route.response, "output") }, default: problem },
  };
}

const schemaOf = (schema: z.ZodType, io: "input" | "output") => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
};
