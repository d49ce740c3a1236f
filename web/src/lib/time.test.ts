import { describe, expect, it } from "vitest";
import { ago, duration, zoned } from "./time";

const now = Date.parse("2026-05-04T12:00:00Z");

describe("ago", () => {
  it.each([
    ["2026-05-04T11:59:58Z", "now"],
    ["2026-05-04T11:59:20Z", "40 s ago"],
    ["2026-05-04T11:57:01Z", "2 min ago"],
    ["2026-05-04T09:30:00Z", "2 h ago"],
    ["2026-05-01T12:00:00Z", "3 d ago"],
    ["2026-05-04T12:03:00Z", "in 3 min"],
    ["2026-01-02T12:00:00Z", "2 Jan 2026"],
    ["yesterday-ish", "unknown time"],
  ])("%s is %s", (at, words) => expect(ago(at, now)).toBe(words));
});

describe("zoned", () => {
  it.each([
    ["0 3 * * *", "0 3 * * * UTC"],
    ["0 3 * * 1-5 Europe/Berlin", "0 3 * * 1-5 Europe/Berlin"],
    ["0  3 * *\t*", "0  3 * *\t* UTC"],
  ])("%s is %s", (schedule, words) => expect(zoned(schedule)).toBe(words));
});

describe("duration", () => {
  it.each([
    [0, "0 s"],
    [0.00042, "420 µs"],
    [0.0312, "31 ms"],
    [0.85, "850 ms"],
    [4.24, "4.2 s"],
    [59.6, "1 min"],
    [200, "3 min 20 s"],
    [3599.7, "1 h"],
    [7_384, "2 h 3 min"],
    [187_200, "2 d 4 h"],
    [-90, "−1 min 30 s"],
  ])("%d s is %s", (s, words) => expect(duration(s)).toBe(words));
});
