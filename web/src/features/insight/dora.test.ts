import { expect, it } from "vitest";
import { basis, intervalWords, rangeOf, slices } from "./dora";

const now = Date.parse("2026-05-04T12:34:56Z");

it.each([
  [{}, { from: "2026-04-04T12:00:00.000Z" }],
  [{ days: "7" }, { from: "2026-04-27T12:00:00.000Z" }],
  [{ days: "all of it" }, { from: "2026-04-04T12:00:00.000Z" }],
  [
    { from: "2026-05-01", to: "2026-05-02", days: "7" },
    { from: "2026-05-01T00:00:00.000Z", to: "2026-05-03T00:00:00.000Z" },
  ],
  [
    { from: "2026-05-02", to: "2026-05-01" },
    { from: "2026-05-01T00:00:00.000Z", to: "2026-05-03T00:00:00.000Z" },
  ],
  [{ from: "2026-13-77" }, { from: "2026-04-04T12:00:00.000Z" }],
])("the address %j asks for %j", (search, range) => expect(rangeOf(search, now)).toEqual(range));

const m = { level: 0.95, unit: "share", n: 5, minimum: 6 } as const;

it.each([
  [{ ...m, state: "measured", low: 0.1, high: 0.4 }, "95 % interval 10 to 40 %"],
  [{ ...m, state: "measured", low: 0.1 }, "95 % interval from 10 %, open above"],
  [{ ...m, state: "too few", low: 0.1, high: 0.4 }, undefined],
] as const)("says the interval of %j", (metric, words) => expect(intervalWords(metric)).toBe(words));

it.each([
  [{ ...m, state: "measured", hits: 0 }, "0 of n = 5"],
  [{ ...m, state: "too few", open: 2 }, "n = 5 of at least 6, 2 still open"],
  [{ ...m, state: "no data", n: 0 }, "n = 0"],
] as const)("says what %j rests on", (metric, words) => expect(basis(metric)).toBe(words));

it("shows a slice in which nothing was observed as nothing, never as 0", () => {
  const points = [
    { from: "2026-05-01T00:00:00Z", value: 0, n: 0 },
    { from: "2026-05-02T00:00:00Z", value: 0, n: 4 },
    { from: "2026-05-03T00:00:00Z", n: 2 },
  ];
  expect(slices({ points }).map((s) => s.value)).toEqual([null, 0, null]);
});
