import { describe, expect, it } from "vitest";
import { append, clean, failing, hits, lineOf, rows } from "./log";

it("shows what a terminal would", () => {
  expect(clean("\x1b[31mred\x1b[0m")).toBe("red");
  expect(clean("10 %\r50 %\r100 %")).toBe("100 %");
  expect(clean("line\r")).toBe("line");
});

it("keeps an unfinished line open until the rest comes", () => {
  const first = append([], "", "one\ntw");
  expect(first).toEqual({ lines: ["one"], open: "tw" });
  expect(append(first.lines, first.open, "o\n")).toEqual({ lines: ["one", "two"], open: "" });
});

it.each([
  ["--- FAIL: TestThrust (0.00s)", true],
  ["attempt_test.go:12:3: undefined: flap", true],
  ["panic: runtime error", true],
  ["exit status 1", true],
  ["ok  \texample.com/engine\t0.01s", false],
  ["no failures here", false],
])("%s tells of a failure: %s", (line, want) => expect(failing(line)).toBe(want));

describe("rows", () => {
  const lines = Array.from({ length: 20 }, (_, i) => (i === 9 ? "panic: here" : `line ${i + 1}`));

  it("shows every line, with hits and failures marked", () => {
    const got = rows(lines, hits(lines, "LINE 3"), null, new Set());
    expect(got).toHaveLength(20);
    expect(got[2]).toMatchObject({ n: 3, hit: true, bad: false });
    expect(got[9]).toMatchObject({ n: 10, bad: true });
  });

  it("folds what is far from what matters, and opens a fold that was asked for", () => {
    const shown = (open: number[]) =>
      rows(lines, [], [10], new Set(open)).map((r) => (r.kind === "line" ? r.n : `${r.from}-${r.to}`));
    expect(shown([])).toEqual(["1-6", 7, 8, 9, 10, 11, 12, 13, "14-20"]);
    expect(shown([14])).toEqual(["1-6", 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });
});

it("reads the line that an address names", () => {
  expect(lineOf("#L12")).toBe(12);
  expect(lineOf("L3")).toBe(3);
  expect(lineOf("#elsewhere")).toBeNull();
});
