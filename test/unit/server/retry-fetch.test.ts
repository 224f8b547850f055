import { expect, test } from "vitest";
import { steady } from "../../../server/retry-fetch.ts";

const cutBy = (code: string): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });

/** A network that fails so often, for one reason, and then answers. */
function failing(code: string, times: number) {
  let tries = 0;
  const fetch = async (): Promise<Response> => {
    tries++;
    if (tries <= times) throw cutBy(code);
    return new Response("answered");
  };
  return { fetch: steady(fetch), tries: () => tries };
}

// On a slow machine an answer may begin later than undici waits for one.
test.each(["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_SOCKET", "ECONNRESET"])(
  "sends again after %s",
  async (code) => {
    const network = failing(code, 2);
    expect(await (await network.fetch("http://slow.example")).text()).toBe("answered");
    expect(network.tries()).toBe(3);
  },
);

test("fails at once where nobody listens, and in the end where it never answers", async () => {
  const nobody = failing("ECONNREFUSED", 1);
  await expect(nobody.fetch("http://nobody.example")).rejects.toThrow("fetch failed");
  expect(nobody.tries()).toBe(1);
  const never = failing("UND_ERR_HEADERS_TIMEOUT", 100);
  await expect(never.fetch("http://never.example")).rejects.toThrow("fetch failed");
  expect(never.tries()).toBe(10);
});
