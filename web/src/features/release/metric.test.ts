import { expect, it } from "vitest";
import { counted, difference, type PlannedMetric, pairs } from "./metric";
import type { MetricVerdict } from "./rollout";

const found: MetricVerdict = {
  name: "paid",
  kind: "proportion",
  decision: "hold",
  logE: 0.2,
  threshold: 5.3,
  logEPromote: 0.5,
  logEAccepted: 0,
  promoteThreshold: 3,
  canary: 60,
  baseline: 270,
  expected: 82,
  ratioLow: 0.5,
  ratioHigh: 1.1,
  units: 0,
  failures: 0,
  rateUpper: 1,
  watched: { canary: 100, baseline: 300 },
  effect: { estimate: -0.3, low: -0.4, high: -0.2, level: 0.95 },
};

const planned: PlannedMetric = {
  name: "paid",
  kind: "proportion",
  role: "primary",
  better: "more",
  event: "checkout.finished",
  where: { method: "card" },
  weight: 0.2,
  margin: 0.1,
  tolerance: 0,
  usual: 0.5,
};

it("says what is counted and what it decides", () => {
  expect(counted(planned)).toBe(
    "Of the units with checkout.finished where method is card, those whose first was a success; more is better. It must be shown not to be worse, and rolls back when harmed.",
  );
  expect(counted({ ...planned, kind: "latency", role: "guardrail" })).toMatch(/first request.*A guardrail/);
});

it("sets the versions beside each other by their own units", () => {
  expect(pairs(found, planned)).toEqual([
    {
      label: "Success",
      old: { units: 270, of: 300, share: 0.9 },
      fresh: { units: 60, of: 100, share: 0.6 },
      top: 0.9,
    },
  ]);
  const slow = {
    ...found,
    edges: [{ at: 0.25, canary: 3, baseline: 0, logE: 1 }],
    watched: { canary: 400, baseline: 0 },
  };
  expect(pairs(slow, { ...planned, kind: "latency" })).toEqual([
    { label: "Slower than 250 ms", old: null, fresh: { units: 3, of: 400, share: 0.0075 }, top: 0.02 },
  ]);
  expect(pairs(found, { ...planned, kind: "mean" })).toEqual([]);
});

it("draws the margin on the side that would be worse, and none for a guardrail", () => {
  expect(difference(found, planned).margin).toBeCloseTo(-0.09);
  expect(difference(found, { ...planned, better: "less" }).margin).toBeCloseTo(0.09);
  expect(difference(found, { ...planned, role: "guardrail" }).margin).toBeNull();
  const mean = difference(found, { ...planned, kind: "mean", usual: 40, unit: "EUR" });
  expect([mean.unit, mean.margin]).toEqual([{ unit: "EUR" }, -4]);
});
