import { expect, it } from "vitest";
import { flows, ribbon, wayBack, width } from "./river";

it("widens with the flow, and nothing is as wide as nothing", () => {
  expect(width(0, 10)).toBe(0);
  expect(width(10, 10)).toBe(34);
  expect(width(1, 100)).toBeGreaterThan(5);
  expect(width(2, 100)).toBeGreaterThan(width(1, 100));
});

it("joins neighbouring ribbons at the same width", () => {
  const [a, b, c] = flows([4, 16, 0]);
  expect(a?.halves[2]).toBe(b?.halves[0]);
  expect(b?.halves[2]).toBe(c?.halves[0]);
  expect(c?.dry).toBe(true);
});

it("draws across and down with the same numbers, swapped", () => {
  const [f] = flows([1]);
  if (!f) throw new Error("no flow");
  expect(ribbon(f, 0, 100, 40)).toMatch(/^M0 23C25 23 25 23 50 23/);
  expect(ribbon(f, 0, 100, 40, "down")).toMatch(/^M23 0C23 25 23 25 23 50/);
});

it("leads back from the last station to the first", () => {
  const d = wayBack({ first: 90, last: 910, top: 40, bottom: 300, left: 14, right: 986, radius: 20 });
  expect(d.startsWith("M910 40H966Q986 40 986 60V280")).toBe(true);
  expect(d.endsWith("H90")).toBe(true);
});
