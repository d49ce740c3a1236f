import { expect, it } from "vitest";
import { judge, type Verdict } from "./verdict";

const cases: [number, number, number | null, "lower" | "higher", Verdict][] = [
  [-0.01, 0.004, 0.005, "lower", "safe"],
  [0.006, 0.02, 0.005, "lower", "harm"],
  [0.001, 0.02, 0.005, "lower", "open"],
  [-0.004, 0.01, -0.005, "higher", "safe"],
  [-0.02, -0.006, -0.005, "higher", "harm"],
  [0.01, 0.2, null, "higher", "better"],
  [0.01, 0.2, null, "lower", "worse"],
  [-0.1, 0.2, null, "higher", "unclear"],
];

it.each(cases)("[%d, %d] against %s where %s is better is %s", (low, high, margin, better, verdict) => {
  expect(judge({ low, high, margin, better, none: 0 })).toBe(verdict);
});

it("says nothing without an interval", () => {
  expect(judge({ low: null, high: null, margin: 1, better: "lower", none: 0 })).toBe("unknown");
});
