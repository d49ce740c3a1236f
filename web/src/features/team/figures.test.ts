import { expect, it } from "vitest";
import { bars, hasLine, type Metric, slices } from "./figures";

const metric = (points: [number, number | undefined][]): Metric =>
  ({
    points: points.map(([n, value]) => ({ from: "", n, ...(value === undefined ? {} : { value }) })),
  }) as unknown as Metric;

it("begins a line with the first observation and breaks it where there was none", () => {
  const m = metric([
    [0, undefined],
    [2, 5],
    [0, undefined],
    [1, 7],
  ]);
  expect(slices(m)).toEqual([5, null, 7]);
  expect(hasLine(m)).toBe(true);
  expect(slices(metric([[0, undefined]]))).toEqual([]);
  expect(hasLine(metric([[3, 1]]))).toBe(false);
});

it("draws bars against the greatest", () => {
  expect(bars([0, 2, 4])).toEqual([0, 0.5, 1]);
  expect(bars([0, 0])).toEqual([0, 0]);
});
