import { expect, it } from "vitest";
import { clusters, line, scale, ticks } from "./plot";

it("breaks the line where nothing was measured and still shows a lone point", () => {
  const id = (v: number) => v;
  expect(line([1, 2, null, 3, null], id, id)).toBe("M0 1L1 2M3 3h0.01");
});

it("puts a range without extent in the middle", () => {
  expect(scale(5, 5, 0, 10)(5)).toBe(5);
  expect(scale(0, 4, 100, 0)(1)).toBe(75);
});

it.each([
  [0, 1, 4, [0, 0.25, 0.5, 0.75, 1]],
  [-0.02, 0.05, 4, [-0.02, 0, 0.02, 0.04]],
  [0, 97, 5, [0, 20, 40, 60, 80]],
  [3, 3, 5, [3]],
])("finds round ticks for %d to %d", (low, high, count, want) =>
  expect(ticks(low, high, count)).toEqual(want),
);

it("puts marks that would cover each other together", () => {
  expect(clusters([100, null, 10, 12, 35, 104], 24)).toEqual([[2, 3], [4], [0, 5]]);
  expect(clusters([], 24)).toEqual([]);
});
