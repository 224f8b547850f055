/** A relay between a person and the coordinator: it hands on what it likes, and answers as it likes. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What the relay answers itself, by method and path; null where it hands the request on. */
export type Lie = (asked: { method: string; path: string; body: string }) => Promise<Response | null>;

export type Relay = {
  readonly address: string;
  /** From now on. */
  readonly lie: (how: Lie | null) => void;
  readonly stop: () => Promise<void>;
};

export async function relayTo(coordinator: string): Promise<Relay> {
  let how: Lie | null = null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const body = Buffer.concat(chunks);
      const [method, path] = [request.method ?? "", request.url ?? ""];
      const asked = { method, path, body: body.toString() };
      const own = (await how?.(asked)) ?? null;
      const reply =
        own ??
        (await fetch(`${coordinator}${path}`, {
          method,
          headers: { "content-type": request.headers["content-type"] ?? "application/json" },
          ...(body.length === 0 ? {} : { body }),
        }));
      response.writeHead(reply.status, { "content-type": reply.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await reply.arrayBuffer()));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    lie: (next) => {
      how = next;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
