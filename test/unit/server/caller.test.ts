/** Whose request it is: what a named proxy says of it counts, from the right; what anybody else says does not. */
import { expect, test } from "vitest";
import { callerOf, proxiesOf } from "../../../server/caller.ts";

const PROXIES = proxiesOf(["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.7"]);

test.each([
  ["who connects, where it is no proxy", "198.51.100.1", undefined, "198.51.100.1"],
  ["no header of a stranger's", "198.51.100.1", "203.0.113.9", "198.51.100.1"],
  ["whom a proxy names", "10.1.2.3", "203.0.113.9", "203.0.113.9"],
  [
    "the last before the proxies, whatever stands before",
    "10.1.2.3",
    "127.0.0.1, 203.0.113.9",
    "203.0.113.9",
  ],
  ["through several proxies", "10.1.2.3", "1.2.3.4, 203.0.113.9, 192.0.2.7,10.9.9.9", "203.0.113.9"],
  ["a proxy that names nobody", "10.1.2.3", undefined, "10.1.2.3"],
  ["a proxy that names no address", "10.1.2.3", "203.0.113.9, unknown", "10.1.2.3"],
  ["only proxies", "10.1.2.3", "10.0.0.1", "10.0.0.1"],
  ["IPv4 within IPv6", "::ffff:10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9"],
  ["IPv4 within IPv6, in figures", "::ffff:a01:203", "203.0.113.9", "203.0.113.9"],
  ["ports", "10.1.2.3", "203.0.113.9:4711", "203.0.113.9"],
  ["IPv6 and its port", "2001:db8:ffff::1", "[2001:db8::1]:443", "2001:db8:0:0::/64"],
  ["the whole of a subscriber's IPv6", "2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::/64"],
  ["IPv6 that ends early", "2001:db8:1:2::", undefined, "2001:db8:1:2::/64"],
  ["a request made in process", "in-process", "203.0.113.9", "in-process"],
])("%s", (_, peer, forwarded, caller) => {
  expect(callerOf(peer, forwarded, PROXIES)).toBe(caller);
});

test.each(["nonsense", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "2001:db8::/129", "10.0.0.0/-1", ""])(
  "no proxies are named by %j",
  (text) => {
    expect(() => proxiesOf([text])).toThrow(/expected addresses or networks/);
  },
);
