import { describe, expect, it } from "vitest";
import { format, span, type Unit } from "./number";

describe("format", () => {
  const cases: [number, Unit, string][] = [
    [0, "count", "0"],
    [12345, "count", "12\u2009345"],
    [0.6, "ratio", "60 %"],
    [0.00732, "ratio", "0.732 %"],
    [-0.0125, "points", "−1.25 pp"],
    [0.031, "points", "+3.1 pp"],
    [92, "seconds", "1 min 32 s"],
    [1_536_000, "bytes", "1.54 MB"],
    [2.71649, "per day", "2.72 / day"],
    [1_250_000, { money: "EUR" }, "€1.25m"],
    [1999.5, { money: "EUR" }, "€1,999.50"],
    [86.5, { unit: "pp" }, "+86.5 pp"],
    [5.5, { unit: "kg" }, "5.5 kg"],
    [Number.POSITIVE_INFINITY, "count", "∞"],
  ];
  it.each(cases)("%d in %j is %s", (value, unit, text) => expect(format(value, unit)).toBe(text));
});

describe("span", () => {
  it("names the unit once where both bounds share it", () => {
    expect(span(0.12, 0.19, "ratio")).toBe("12 to 19 %");
    expect(span(0.5, 90, "seconds")).toBe("500 ms to 1 min 30 s");
  });
});
