import { expect, it } from "vitest";
import type { Schemas } from "~/api/ask";
import { asked, competitors, resultUnit, sentence, verdicts, will } from "./initiative";

const scored = (id: string, rank: number, set = "2026-Q4") =>
  ({ id, title: id, wsjf: { set, rank, of: 3, wsjf: 1 } }) as Schemas["Initiative"];

it("ranks beside those of the same set that are still open", () => {
  const all = [scored("c", 3), scored("a", 1), scored("done", 0), scored("other", 1, "2027-Q1")];
  const here = scored("c", 3);
  expect(competitors(here, all).map((c) => [c.id, c.here])).toEqual([
    ["a", false],
    ["c", true],
  ]);
});

it("marks what the hypothesis does not say yet", () => {
  expect(sentence({ for: "logistics companies", who: " " }).map((p) => p.said)).toEqual([
    "logistics companies",
    ...Array<null>(6).fill(null),
  ]);
});

it("offers only decisions that the state allows", () => {
  expect(verdicts("analysing")).toEqual(["go", "no-go"]);
  expect(verdicts("implementing")).toEqual(["persevere", "pivot", "stop"]);
  expect(verdicts("done")).toEqual([]);
});

it("says what go will do before it is decided", () => {
  const features = { planned: 0, building: 0, released: 0 };
  const result = { grade: "D" } as Schemas["Result"];
  const budget = { amount: 900_000, currency: "EUR" };
  expect(will("go", { state: "analysing", features, result, budget })[0]).toMatch(/€900K/i);
  expect(will("go", { state: "analysing", features, result })[1]).toMatch(/ready/);
});

it("asks for a measurement before it asks for a decision", () => {
  const gate = { to: "done" as const, open: false, checks: [{ name: "a", text: "a", ok: false }] };
  expect(asked({ state: "implementing", result: { grade: "D" } as Schemas["Result"], gate })).toMatch(
    /Nothing has been measured yet.*1 of 1/,
  );
});

it("writes a change of per cents in percentage points", () => {
  expect(resultUnit("%", true)).toEqual({ unit: "pp" });
  expect(resultUnit("share of units", false)).toBe("points");
});
