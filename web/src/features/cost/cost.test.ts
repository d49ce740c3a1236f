import { describe, expect, it } from "vitest";
import { amount, bars, type CostSum, gbHours, part, toRates, written } from "./cost";

const sum = (over: Partial<CostSum>): CostSum => ({
  cpuSeconds: 0,
  memoryGbHours: 0,
  storageGbHours: 0,
  buildMinutes: 0,
  cpu: 0,
  memory: 0,
  storage: 0,
  build: 0,
  total: 0,
  ...over,
});

it("says small amounts with the figures that they have", () => {
  expect([0, 0.0000029, 0.00123, 0.5, 1234.5].map((x) => amount(x, "EUR"))).toEqual([
    "€0.00",
    "under €0.0001",
    "€0.0012",
    "€0.50",
    "€1,234.50",
  ]);
});

it("says how much of a whole", () => {
  expect([part(0, 0), part(1, 100), part(0.01, 100), part(0, 5)]).toEqual([
    "0 %",
    "1.0 %",
    "under 0.1 %",
    "0.0 %",
  ]);
});

describe("days", () => {
  it("pile up to the dearest", () => {
    const piles = bars([
      { day: "2026-03-01T00:00:00Z", ...sum({ cpu: 1, build: 3, total: 4 }) },
      { day: "2026-03-02T00:00:00Z", ...sum({ memory: 2, total: 2 }) },
    ]);
    expect(piles.map((p) => p.parts.map((k) => [k.id, k.from, k.to]))).toEqual([
      [
        ["cpu", 0, 0.25],
        ["build", 0.25, 1],
      ],
      [["memory", 0, 0.5]],
    ]);
  });
  it("have no parts where nothing was used", () => {
    expect(bars([{ day: "2026-03-01T00:00:00Z", ...sum({}) }])[0]?.parts).toEqual([]);
  });
});

it("writes rates as they were read", () => {
  const rates = {
    cpuHour: 0.04,
    memoryGbHour: 0.005,
    storageGbMonth: 0.1,
    buildMinute: 0.008,
    currency: "EUR",
    version: 3,
  };
  expect(toRates(written(rates), 3)).toEqual(rates);
});

it("says what is next to nothing without powers of ten", () => {
  expect([0, 0.00023, 0.25, 12].map(gbHours)).toEqual(["0 GB h", "< 0.001 GB h", "0.25 GB h", "12 GB h"]);
});
