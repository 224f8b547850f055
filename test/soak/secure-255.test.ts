/** The largest secure sum there can be: 255 regions, five of them missing, in simulation; the next one is refused. */
import { expect, test } from "vitest";
import { decodeVector } from "../../protocol/values/bytes.ts";
import { castOf, Stage } from "../support/cast.ts";

test("255 regions open their sum; 256 are refused with a code", async () => {
  const cast = castOf({ n: 255, query: { groupBy: ["sex"] } });
  const stage = new Stage(cast);
  const start = performance.now();
  const there = cast.roster.slice(0, -5);
  await stage.run({ mask: cast.roster.slice(-5) });
  const { bytes, unopened } = await stage.sum();
  console.log(
    JSON.stringify({
      name: "secure-255",
      value: Number(((performance.now() - start) / 1000).toFixed(1)),
      unit: "s",
      threshold: cast.plan.noiseShares?.threshold,
    }),
  );
  expect(unopened).toEqual([]);
  expect(decodeVector(bytes)).toEqual(stage.expected(there));
  expect(() => castOf({ n: 256 })).toThrow(/2 to 255 regions/);
});
