import { expect, it } from "vitest";
import { odds, progress, ramp } from "./evidence";

const at = (t: number, share: number) => ({ at: t, share, harm: 0, safe: null });

it("joins points of one share into stages that touch each other", () => {
  expect(ramp([at(0, 0.05), at(5, 0.05), at(9, 0.25), at(12, 0.25), at(20, 1)])).toEqual([
    { from: 0, to: 9, share: 0.05 },
    { from: 9, to: 20, share: 0.25 },
    { from: 20, to: 20, share: 1 },
  ]);
  expect(ramp([])).toEqual([]);
});

it("measures progress to a threshold between none and all", () => {
  expect(progress(2.3, 4.6)).toBe(0.5);
  expect(progress(-3, 4.6)).toBe(0);
  expect(progress(9, 4.6)).toBe(1);
  expect(progress(null, 4.6)).toBe(0);
});

it.each([
  [0, "1 to 1"],
  [Math.log(100), "100 to 1"],
  [-Math.log(4), "1 to 4"],
  [40, "over 10¹¹ to 1"],
])("reads a log of %d as odds", (log, words) => expect(odds(log)).toBe(words));
