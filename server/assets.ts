/** Static files of the pages, held in memory and compressed once; and the policy they are served under. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Context } from "hono";

export type Asset = {
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly br: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** Named after what it holds, and so the same for ever. */
  readonly immutable: boolean;
};

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/** The one `<style>` that Observable Plot puts into a chart, by its hash: it sets how a chart is laid out and no more. */
export const PLOT_STYLE = "sha256-jSYQUrW7J0b3jPqhZP9C2Xh1PyJKHKXd4s0fpGGKrww=";

/** Nothing from elsewhere, nothing inline, no form that leaves, nobody's frame but for what may be embedded. */
export const policyOf = (frames: boolean): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    `style-src 'self' '${PLOT_STYLE}'`,
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frames ? "*" : "'none'"}`,
  ].join("; ");

export function assetOf(path: string, bytes: Uint8Array): Asset {
  const plain = Uint8Array.from(bytes);
  return {
    type: TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream",
    plain,
    br: Uint8Array.from(brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })),
    gzip: Uint8Array.from(gzipSync(plain)),
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
    immutable: path.startsWith("assets/"),
  };
}

/** The files below a folder, by their path there, each read when it is first asked for; none where there is no folder. */
export function assetsIn(folder: string): (path: string) => Asset | undefined {
  let paths: ReadonlySet<string> | null = null;
  const known = new Map<string, Asset>();
  const listed = (): ReadonlySet<string> => {
    const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
    const files = entries.filter((entry) => entry.isFile());
    return new Set(files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)));
  };
  return (path) => {
    paths ??= listed();
    if (!paths.has(path)) return undefined;
    const asset = known.get(path) ?? assetOf(path, readFileSync(join(folder, path)));
    known.set(path, asset);
    return asset;
  };
}

/** An asset as whoever asks can read it; 304 where it has it. */
export function sendAsset(
  c: Context,
  asset: Asset,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const accepted = c.req.header("accept-encoding") ?? "";
  const encoding = /\bbr\b/.test(accepted) ? "br" : /\bgzip\b/.test(accepted) ? "gzip" : null;
  const all = {
    "content-type": asset.type,
    "cache-control": asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: asset.etag,
    vary: "accept-encoding",
    ...headers,
  };
  if (c.req.header("if-none-match")?.includes(asset.etag) === true) return c.body(null, 304, all);
  return encoding === null
    ? c.body(asset.plain, 200, all)
    : c.body(asset[encoding], 200, { ...all, "content-encoding": encoding });
}
