/**
 * Whose request it is, for limits alone: the address of the other end of the connection; or, where that is a proxy that
 * the operator has named, the last address before the named proxies. A header that anyone else sent says nothing: who
 * sends it chooses what stands in it.
 */
import { BlockList, isIP, SocketAddress } from "node:net";
import { Refusal } from "../protocol/values/refusal.ts";

/** The proxies that an operator has named. */
export type Proxies = BlockList;

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** Reads addresses and networks, IPv4 or IPv6 (`10.0.0.0/8`). Refuses (`config-invalid`) what is neither. */
export function proxiesOf(texts: readonly string[]): Proxies {
  const proxies = new BlockList();
  for (const text of texts) {
    const [address = "", length, ...more] = text.trim().split("/");
    const widest = isIP(address) === 4 ? 32 : 128;
    const bits = length === undefined ? widest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
    if (isIP(address) === 0 || more.length > 0 || !(bits <= widest))
      throw new Refusal("config-invalid", `expected addresses or networks in trustedProxies, not ${text}`);
    proxies.addSubnet(address, bits, familyOf(address));
  }
  return proxies;
}

/** The address in its one form; null where the text holds none. Some proxies write the port behind it. */
function addressIn(text: string): string | null {
  const bare =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text.trim())?.[1] ?? text.trim().replace(/^([\d.]+):\d{1,5}$/, "$1");
  if (isIP(bare) === 0 || bare.includes("%")) return null;
  const { address } = new SocketAddress({ address: bare, family: familyOf(bare) });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** Whoever has one IPv6 address has 2^64 of them: they count as one. */
function groupOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = "", after] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [head, tail] = [groups(before), groups(after ?? "")];
  const zeros = after === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

/**
 * Who sent a request, as limits count them. `forwarded` is X-Forwarded-For, to which each proxy adds whom it heard: it
 * is read from the right, as far as those who wrote it are trusted.
 */
export function callerOf(peer: string, forwarded: string | undefined, proxies: Proxies): string {
  let caller = addressIn(peer);
  if (caller === null) return peer;
  const said = (forwarded ?? "").split(",").reverse();
  for (const text of said) {
    if (!proxies.check(caller, familyOf(caller))) break;
    const before = addressIn(text);
    if (before === null) break; // Nothing, or a name that a proxy made up: the proxy that wrote it is who is known.
    caller = before;
  }
  return groupOf(caller);
}
