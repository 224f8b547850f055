/**
 * The sampler against what it should be: its decision tree exhaustively on short bit strings, chi-square against the
 * exact mass function, and wrong samplers that must fail. Seeded, so that a run says the same every time; a right
 * sampler would fail one seed in 10^6 a test.
 */
import { describe, expect, test } from "vitest";
import {
  bernoulliExp,
  bernoulliExp1,
  discreteGaussian,
  discreteLaplace,
  lazyExp1,
  uniform,
  uniformBig,
} from "../../node/answer/sampler.ts";
import { Bits, RandomnessFailure } from "../../node/random.ts";
import { type Rational, rational, toNumber } from "../../protocol/values/rational.ts";
import { gaussianMass, pValue } from "../support/chisquare.ts";
import { seededFill } from "../support/seeded-noise.ts";

const DRAWS = process.env["BRUS_SOAK"] === undefined ? 1_000_000 : 20_000_000;
const FALSE_ALARM = 1e-6;
const VARIANCES: Rational[] = [
  rational(1n, 4n),
  rational(1n, 2n),
  rational(1n),
  rational(10n),
  rational(183n, 7n),
  rational(10_000n),
];

/** Thrown half a million times, so made once: an error that is made anew remembers where. */
const OUT_OF_BITS = new Error("more bits than are given");

/** A tape of given bits; asks for more by throwing. */
class Tape extends Bits {
  readonly given: number[] = [];
  used = 0;

  constructor() {
    super(() => undefined);
  }

  override small(count: number): number {
    let value = 0;
    for (let each = 0; each < count; each++) {
      const bit = this.given[this.used];
      if (bit === undefined) throw OUT_OF_BITS;
      this.used++;
      value = value * 2 + bit;
    }
    return value;
  }
}

/** Every outcome that is decided within `depth` bits, with its exact probability; the rest is undecided. */
function decisionTree<T>(
  draw: (bits: Bits) => T,
  depth: number,
): { decided: Map<T, number>; undecided: number } {
  const decided = new Map<T, number>();
  let undecided = 0;
  const tape = new Tape();
  const { given } = tape;
  const walk = (): void => {
    tape.used = 0;
    try {
      const outcome = draw(tape);
      decided.set(outcome, (decided.get(outcome) ?? 0) + 2 ** -given.length);
      return;
    } catch (error) {
      if (error !== OUT_OF_BITS) throw error;
    }
    if (given.length === depth) undecided += 2 ** -depth;
    else
      for (const bit of [0, 1]) {
        given.push(bit);
        walk();
        given.pop();
      }
  };
  walk();
  return { decided, undecided };
}

/** Each outcome's decided mass is at most its probability, and what is missing is no more than what is undecided. */
function expectTree<T>(
  tree: { decided: Map<T, number>; undecided: number },
  mass: (outcome: T) => number,
): void {
  expect(tree.undecided).toBeLessThan(0.65);
  for (const [outcome, decided] of tree.decided) {
    expect(decided).toBeLessThanOrEqual(mass(outcome) + 1e-12);
    expect(mass(outcome) - decided).toBeLessThanOrEqual(tree.undecided + 1e-12);
  }
}

describe("the decision tree, exhaustively", () => {
  test.each([1, 2, 3, 5, 7, 8])("uniform(%i)", (m) => {
    expectTree(
      decisionTree((bits) => uniform(bits, m), 12),
      () => 1 / m,
    );
    expectTree(
      decisionTree((bits) => uniformBig(bits, BigInt(m)), 12),
      () => 1 / m,
    );
  });

  test.each([
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ])("bernoulliExp1(%i/%i)", (n, d) => {
    const yes = Math.exp(-n / d);
    expectTree(
      decisionTree((bits) => bernoulliExp1(bits, n, d), 16),
      (outcome) => (outcome ? yes : 1 - yes),
    );
    expectTree(
      decisionTree((bits) => bernoulliExp(bits, BigInt(n), BigInt(d)), 16),
      (outcome) => (outcome ? yes : 1 - yes),
    );
  });

  test.each([
    [3, 2],
    [5, 2],
    [4, 1],
  ])("bernoulliExp(%i/%i)", (n, d) => {
    const yes = Math.exp(-n / d);
    expectTree(
      decisionTree((bits) => bernoulliExp(bits, BigInt(n), BigInt(d)), 16),
      (outcome) => (outcome ? yes : 1 - yes),
    );
  });

  test.each([1, 2, 3])("discreteLaplace(%i)", (t) => {
    const mass = (y: number) => ((Math.exp(1 / t) - 1) / (Math.exp(1 / t) + 1)) * Math.exp(-Math.abs(y) / t);
    expectTree(
      decisionTree((bits) => discreteLaplace(bits, t), 18),
      mass,
    );
  });

  test.each([rational(1n, 4n), rational(1n, 2n), rational(1n), rational(3n, 2n)])(
    "discreteGaussian(%o)",
    (variance) => {
      const mass = gaussianMass(toNumber(variance));
      expectTree(
        decisionTree((bits) => discreteGaussian(bits, variance)(), 18),
        (y) => mass.get(y) ?? 0,
      );
    },
  );
});

describe("chi-square", () => {
  test.each(VARIANCES)("σ² = %o", (variance) => {
    const draw = discreteGaussian(new Bits(seededFill(`chi ${variance.n}/${variance.d}`)), variance);
    expect(pValue(draw, DRAWS, gaussianMass(toNumber(variance)))).toBeGreaterThan(FALSE_ALARM);
  });

  test.each([rational(360_000n), rational(900_000_000n), rational(1_234_567_891n, 1024n)])(
    "large σ² = %o, in standard deviations",
    (variance) => {
      // Too wide for a table: compared, rounded to 1/20 of σ, with the continuous distribution, which differs by less than 1e-4.
      const sigma = Math.sqrt(toNumber(variance));
      const draw = discreteGaussian(new Bits(seededFill(`large ${variance.n}`)), variance);
      expect(pValue(() => Math.round((20 * draw()) / sigma), DRAWS / 4, gaussianMass(400))).toBeGreaterThan(
        FALSE_ALARM,
      );
    },
  );

  test("the lazy comparison, its window widened so that most are decided exactly", () => {
    const [n, d] = [7n, 10n];
    const bits = new Bits(seededFill("window"));
    let exact = 0;
    const draws = DRAWS / 5;
    let yes = 0;
    for (let each = 0; each < draws; each++) {
      if (
        lazyExp1(
          bits,
          0.7,
          () => {
            exact++;
            return { n, d };
          },
          0.6,
        )
      ) {
        yes++;
      }
    }
    const p = Math.exp(-0.7);
    expect(exact).toBeGreaterThan(draws / 2);
    expect(Math.abs(yes / draws - p) / Math.sqrt((p * (1 - p)) / draws)).toBeLessThan(5);
  });
});

describe("negative controls: wrong samplers must fail", () => {
  const mass = gaussianMass(1);
  const bits = (name: string) => new Bits(seededFill(name));

  test("σ 5 % too large and too small", () => {
    for (const factor of [1.05 ** 2, 0.95 ** 2]) {
      const variance = rational(BigInt(Math.round(10_000 * factor)), 10_000n);
      expect(pValue(discreteGaussian(bits("five"), variance), DRAWS, mass)).toBeLessThan(FALSE_ALARM);
    }
  });

  test("−0 not started again", () => {
    const source = bits("minus zero");
    const laplace = () => {
      let u = uniform(source, 2);
      while (!bernoulliExp1(source, u, 2)) u = uniform(source, 2);
      let v = 0;
      while (bernoulliExp1(source, 1, 1)) v++;
      const y = u + 2 * v;
      return source.small(1) === 1 ? -y + 0 : y;
    };
    const draw = () => {
      for (;;) {
        const y = laplace();
        const a = BigInt(Math.abs(y)) * 2n - 1n;
        if (bernoulliExp(source, a * a, 8n)) return y;
      }
    };
    expect(pValue(draw, DRAWS, mass)).toBeLessThan(FALSE_ALARM);
  });

  test("a rounded continuous normal", () => {
    const source = bits("rounded");
    const unit = () => (source.bits(53) + 0.5) / 2 ** 53;
    const draw = () => Math.round(Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit()) * 0.5);
    expect(pValue(draw, DRAWS, gaussianMass(0.25))).toBeLessThan(FALSE_ALARM);
  });

  test("uniforms by modulo", () => {
    const source = bits("modulo");
    const uniformMass = new Map(Array.from({ length: 10 }, (_, value) => [value, 0.1]));
    expect(pValue(() => uniform(source, 10), DRAWS, uniformMass)).toBeGreaterThan(FALSE_ALARM);
    expect(pValue(() => source.small(8) % 10, DRAWS, uniformMass)).toBeLessThan(FALSE_ALARM);
  });

  test("a stuck source", () => {
    const stuck = new Bits((bytes) => bytes.fill(0b10101010));
    const uniformMass = new Map(Array.from({ length: 8 }, (_, value) => [value, 1 / 8]));
    expect(pValue(() => uniform(stuck, 8), 10_000, uniformMass)).toBeLessThan(FALSE_ALARM);
  });
});

test("a failing source stops the sampler with an error of its own", () => {
  const failing = new Bits(() => {
    throw new Error("no entropy");
  });
  expect(() => discreteGaussian(failing, rational(10n))()).toThrow(RandomnessFailure);
});

test("no bit is given out twice", () => {
  const source = new Bits((bytes) => {
    const words = new Uint32Array(bytes.buffer);
    for (const index of words.keys()) words[index] = index + 1;
  });
  const seen = Array.from({ length: 10_000 }, () => source.small(32));
  expect(new Set(seen.slice(0, 4096)).size).toBe(4096);
});
