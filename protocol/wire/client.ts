/**
 * Calls the coordinator's routes, from a node, the command line or a browser. What comes back is parsed as strictly
 * as what goes in; a problem becomes the same `Refusal` that the server threw.
 */
import type { z } from "zod";
import { parseJson } from "../values/json.ts";
import { Problem, parseWith, Refusal } from "../values/refusal.ts";
import { ROUTES, type Route } from "./routes.ts";

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
type Routes = typeof ROUTES;
type BodyOf<R extends Route> = R extends { body: infer B extends z.ZodType }
  ? { body: z.input<B> }
  : { body?: undefined };
type ParamsOf<R extends Route> = R extends { params: z.ZodType }
  ? { params: { id: string } }
  : { params?: undefined };
type BytesOf<R extends Route> = R extends { raw: true } ? { bytes: Uint8Array } : { bytes?: undefined };
type Input<R extends Route> = BodyOf<R> & ParamsOf<R> & BytesOf<R> & { signal?: AbortSignal };

export type Client = <K extends keyof Routes>(
  name: K,
  input?: Input<Routes[K]>,
) => Promise<z.output<Routes[K]["response"]>>;

/** `base` is the coordinator's address, without a slash at its end. */
export function clientOf(base: string, fetch: Fetch): Client {
  return async (name, input) => {
    const route: Route = ROUTES[name];
    const path = route.path.replace("{id}", encodeURIComponent(input?.params?.id ?? ""));
    // Followed, a redirect would have this machine ask whatever its own network holds, at the coordinator's choice.
    const init: RequestInit = { method: route.method.toUpperCase(), redirect: "error" };
    if (input?.body !== undefined) {
      init.body = JSON.stringify(input.body);
      init.headers = { "content-type": "application/json" };
    }
    if (input?.bytes !== undefined) {
      init.body = new Uint8Array(input.bytes);
      init.headers = { "content-type": "application/octet-stream" };
    }
    if (input?.signal !== undefined) init.signal = input.signal;
    const absent = (cause: unknown): never => {
      if (input?.signal?.aborted === true) throw cause;
      throw new Refusal(
        "unavailable",
        `expected a coordinator at ${base}; is it running, and is the address right?`,
        { cause },
      );
    };
    const response = await fetch(`${base}${path}`, init).catch(absent);
    const bytes = new Uint8Array(await response.arrayBuffer().catch(absent));
    if (!response.ok) throw refusalFrom(response.status, bytes);
    // The schema of this very route: the cast only tells the compiler which.
    return parseWith(route.response, parseJson(bytes), name) as z.output<Routes[typeof name]["response"]>;
  };
}

function refusalFrom(status: number, bytes: Uint8Array): Refusal {
  try {
    return Refusal.fromProblem(parseWith(Problem, parseJson(bytes), "problem"));
  } catch (cause) {
    return new Refusal("unavailable", `expected an answer from the coordinator; HTTP ${status} came`, {
      cause,
    });
  }
}
