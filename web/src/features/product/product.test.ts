import { expect, it } from "vitest";
import {
  better,
  type Effect,
  type Feature,
  featureBody,
  type KeyResult,
  moveBody,
  neighbour,
  outcome,
  slug,
} from "./product";

const keyResult: KeyResult = {
  id: "k",
  objective: "o",
  title: "Heavy missions that succeed",
  unit: "%",
  query: "x",
  baseline: 0,
  target: 60,
  spark: [],
  version: 1,
  created: "2026-01-01T00:00:00Z",
};

const effect = (over: Partial<Effect>): Effect => ({
  rollout: "r1",
  component: "c",
  feature: "f",
  keyResult: "k",
  event: "missions",
  estimate: 0.8,
  low: 0.7,
  high: 0.9,
  level: 0.95,
  units: 100,
  grade: "A",
  kept: "promoted",
  at: "2026-01-01T00:00:00Z",
  ...over,
});

const feature = (id: string): Feature => ({
  id,
  product: "p",
  initiative: "i",
  title: id,
  keyResult: "k",
  predicted: 0,
  rank: 1,
  state: "planned",
  since: "2026-01-01T00:00:00Z",
  because: "",
  items: { ready: 0, inWork: 0, done: 0 },
  effects: [],
  version: 4,
  created: "2026-01-01T00:00:00Z",
  by: "Ada",
});

it("adds up promoted rollouts only, each once, and pays for every look with confidence", () => {
  const effects = [
    effect({}),
    effect({}),
    effect({ rollout: "r2", estimate: 0.04, low: -0.04, high: 0.12 }),
    effect({ rollout: "r3", kept: "rolled_back", estimate: -0.5 }),
    effect({ rollout: "r4", grade: "B", estimate: 0.2 }),
    effect({ rollout: "r5", keyResult: "other" }),
  ];
  const o = outcome({ effects, keyResult: "k" }, keyResult);
  expect(o).toMatchObject({ grade: "A", units: 200, rollouts: 2, comparable: true });
  expect(o?.estimate).toBeCloseTo(84);
  expect(o?.low).toBeCloseTo(66);
  expect(o?.high).toBeCloseTo(102);
  expect(o?.level).toBeCloseTo(0.9);
});

it("gives no interval once too many rollouts were added up", () => {
  const effects = Array.from({ length: 11 }, (_, i) => effect({ rollout: `r${i}` }));
  expect(outcome({ effects, keyResult: "k" }, keyResult)).toMatchObject({ low: null, high: null });
});

it("says nothing was measured rather than 0, and does not compare a share with another unit", () => {
  expect(outcome({ effects: [], keyResult: "k" }, keyResult)).toBeNull();
  expect(outcome({ effects: [effect({})], keyResult: "k" }, { ...keyResult, unit: "EUR" })?.comparable).toBe(
    false,
  );
});

it("knows that less can be better", () => {
  expect(better(keyResult)).toBe("higher");
  expect(better({ ...keyResult, baseline: 9, target: 3 })).toBe("lower");
});

it("moves past the neighbour that is shown and keeps every field, also a prediction of 0", () => {
  const [a, b] = [feature("a"), feature("b")];
  expect(neighbour([a, b], "a", "up")).toBeUndefined();
  expect(neighbour([a, b], "b", "up")?.id).toBe("a");
  expect(moveBody(b, a, "up")).toEqual({ version: 4, title: "b", keyResult: "k", predicted: 0, before: "a" });
  expect(moveBody(a, b, "down")).toMatchObject({ after: "b" });
});

it("leaves out what is not written", () => {
  expect(featureBody({ title: " A ", hypothesis: " ", keyResult: "", predicted: "1,5" })).toEqual({
    title: "A",
    predicted: 1.5,
  });
});

it.each([
  ["Heavy lift", "heavy-lift"],
  ["2nd Große Drohne!", "nd-gro-e-drohne"],
])("makes a slug of %j", (name, want) => expect(slug(name)).toBe(want));
