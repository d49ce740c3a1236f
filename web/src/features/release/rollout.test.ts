import { describe, expect, it } from "vitest";
import {
  delays,
  goals,
  levers,
  type MetricVerdict,
  points,
  type Rollout,
  ramp,
  rate,
  ratio,
  ratioSays,
  sides,
  story,
  thresholds,
  watched,
  will,
} from "./rollout";

const metric: MetricVerdict = {
  name: "server-errors",
  kind: "server-errors",
  decision: "hold",
  logE: 0.2,
  threshold: 4.6,
  logEPromote: 0.5,
  logEAccepted: 1.5,
  promoteThreshold: 3.7,
  basis: "",
  canary: 2,
  baseline: 8,
  expected: 2.5,
  ratioLow: 0.1,
  ratioHigh: 4,
  units: 120,
  failures: 2,
  rateUpper: 0.06,
};

const running: Rollout = {
  id: "r1",
  component: "engine-controller",
  team: "engine",
  artifact: "sha256:aa",
  release: "4",
  baseline: "3",
  run: "run1",
  commit: "abc",
  title: "Open the flaps",
  items: ["ENG-3"],
  lane: "normal",
  first: false,
  worker: false,
  phase: "running",
  stage: 1,
  share: 0.25,
  shares: [0.05, 0.25, 1],
  requests: 900,
  unanswered: 0,
  created: "2026-01-01T10:00:00Z",
  started: "2026-01-01T10:00:01Z",
  plan: {
    alpha: 0.01,
    beta: 0.05,
    margin: 0.5,
    acceptedRate: 0.01,
    minimumUnits: 50,
    experimentUnits: 200,
    shares: [0.05, 0.25, 1],
    stages: [],
    metrics: [
      {
        name: "server-errors",
        kind: "server-errors",
        role: "primary",
        better: "less",
        weight: 1,
        margin: 0.5,
        tolerance: 0,
      },
    ],
    unwatched: [],
    hash: "ff",
  },
  verdict: {
    decision: "hold",
    reason: "Hold: no harm is shown.",
    waiting: "server-errors waits for about 300 more units.",
    metrics: [metric],
    splitLogE: 0,
    splitThreshold: 6.9,
    splitBroken: false,
    harmNotRuledOut: 0.06,
  },
  arms: [
    { name: "baseline", release: "3", units: 400, failures: 8 },
    { name: "canary", release: "4", units: 100, failures: 2 },
  ],
  stages: [
    { share: 0.05, canary: 20, baseline: 300, served: 22 },
    { share: 0.25, canary: 80, baseline: 100, served: 98 },
  ],
  trace: [
    {
      at: "2026-01-01T10:00:02Z",
      stage: 0,
      share: 0.05,
      logE: -0.1,
      logEPromote: 0.2,
      canary: 5,
      baseline: 90,
    },
  ],
  measured: [],
  bad: false,
  backs: [],
};

const of = (change: Partial<Rollout>): Rollout => ({ ...running, ...change });

describe("ramp", () => {
  it("knows what was passed, where it stands and what is ahead", () => {
    expect(ramp(running).map((s) => [s.share, s.at, s.served])).toEqual([
      [0.05, "past", 22],
      [0.25, "now", 98],
      [1, "ahead", 0],
    ]);
  });

  it("reaches the whole by promotion and leaves it unreached after a rollback", () => {
    expect(ramp(of({ phase: "promoted" })).map((s) => s.at)).toEqual(["past", "past", "past"]);
    expect(ramp(of({ phase: "rolled_back" })).map((s) => s.at)).toEqual(["past", "past", "ahead"]);
    expect(ramp(of({ phase: "staging", stage: 0, started: undefined as never })).map((s) => s.at)).toEqual([
      "ahead",
      "ahead",
      "ahead",
    ]);
  });
});

describe("sides", () => {
  it("shares the units between both versions", () => {
    expect(sides(running).map((s) => [s.name, s.share, s.rate])).toEqual([
      ["baseline", 0.75, 0.02],
      ["canary", 0.25, 0.02],
    ]);
  });

  it("compares a first version with nothing, and no units make no rate", () => {
    const alone = sides(
      of({
        first: true,
        arms: [
          { name: "baseline", release: "", units: 0, failures: 0 },
          { name: "canary", release: "1", units: 0, failures: 0 },
        ],
      }),
    );
    expect(alone.map((s) => [s.name, s.rate])).toEqual([["canary", null]]);
  });
});

describe("intervals", () => {
  it("estimates the ratio of the failure rates from the split of the failures", () => {
    const got = ratio(metric, running.plan);
    expect(got.estimate).toBeCloseTo(2 / 2.5 / (8 / 7.5));
    expect(got.margin).toBe(1.5);
    expect([got.low, got.high]).toEqual([0.1, 4]);
  });

  it("has no upper bound where nothing bounds it, and nothing to say without a failure", () => {
    const open = ratio(
      { ...metric, canary: 3, baseline: 0, expected: 0.15, ratioLow: 0.98, ratioHigh: 1e6 },
      running.plan,
    );
    expect(open.estimate).toBe(Number.POSITIVE_INFINITY);
    expect(open.high).toBe(Number.POSITIVE_INFINITY);
    const none = { ...metric, canary: 0, baseline: 0, expected: 0 };
    expect(ratio(none, running.plan).low).toBeNull();
    expect(ratioSays(none)).toMatch(/nothing to compare/);
    expect(ratioSays({ ...metric, decision: "roll_back" })).toMatch(/Harm is shown/);
  });

  it("holds the new version's own rate against the accepted one", () => {
    expect(rate(metric, running.plan)).toEqual({
      estimate: 2 / 120,
      low: 0,
      high: 0.06,
      margin: 0.01,
      n: 120,
    });
    expect(rate({ ...metric, units: 0 }, undefined)).toEqual({
      estimate: null,
      low: null,
      high: null,
      margin: null,
      n: 0,
    });
  });

  it("takes the thresholds of all metrics together from the plan", () => {
    expect(thresholds(running).rollbackAt).toBeCloseTo(Math.log(100));
    expect(thresholds(running).promoteAt).toBeCloseTo(Math.log(20));
    expect(points(running).slice(1)).toEqual([
      { at: Date.UTC(2026, 0, 1, 10, 0, 2) / 1000, harm: -0.1, safe: 0.2, share: 0.05 },
    ]);
  });
});

describe("story", () => {
  it("says what is known and what it waits for while it runs", () => {
    expect(story(running)).toEqual({
      state: "running",
      headline: "Nothing is decided yet",
      reason: "No harm is shown.",
      waiting: "server-errors waits for about 300 more units.",
    });
  });

  it.each([
    [{ held: "the support line rings" }, "held", "A person holds it"],
    [{ phase: "promoted" as const }, "done", "Promoted by the evidence"],
    [{ phase: "rolled_back" as const }, "rolled-back", "Rolled back by the evidence"],
    [
      { phase: "rolled_back" as const, byHand: "Eva", reason: "odd sounds" },
      "rolled-back",
      "Rolled back by Eva",
    ],
    [{ phase: "failed" as const, reason: "it never became ready" }, "failed", "It never reached a customer"],
    [{ phase: "queued" as const }, "waiting", "It waits for its turn"],
  ])("%o is %s: %s", (change, state, headline) => {
    expect(story(of(change))).toMatchObject({ state, headline });
  });

  it("keeps a person's reason in front of the evidence of that moment", () => {
    const { reason } = story(of({ phase: "rolled_back", byHand: "Eva", reason: "odd sounds" }));
    expect(reason).toBe("Odd sounds. What the evidence said then: No harm is shown.");
  });
});

describe("levers", () => {
  it("can be pulled only while it takes traffic", () => {
    expect(levers(running)).toEqual(["hold", "roll-back"]);
    expect(levers(of({ held: "x" }))).toEqual(["resume", "roll-back"]);
    expect(levers(of({ phase: "promoted" }))).toEqual([]);
  });

  it("say what they will do with this rollout's numbers", () => {
    expect(will("hold", running)[0]).toBe("keep 25 % of units on version 4 and the others on version 3");
    expect(will("roll-back", running)[0]).toContain("100 units have met version 4");
    expect(will("resume", of({ held: "x" }))[0]).toContain("widen it to all units");
  });

  it("chooses where a version goes back to only when it was released by itself", () => {
    const backs = ["2", "1"].map((release) => ({
      release,
      artifact: `sha256:${release}`,
      commit: "abc",
      promoted: "2026-01-01T09:00:00Z",
    }));
    const alone = of({ phase: "promoted", backs });
    expect(goals(alone).map((b) => b.release)).toEqual(["2", "1"]);
    expect(will("take-back", alone, "1")[0]).toContain("start version 1 beside it");
    const part = of({ phase: "promoted", backs, releaseId: "rel1" });
    expect(goals(part)).toEqual([]);
    expect(will("take-back", part).slice(0, 2)).toEqual([
      expect.stringContaining("start version 3 beside it"),
      expect.stringContaining("take the other parts of its release back with it"),
    ]);
  });
});

it("measures the delays to the verdict and to the traffic", () => {
  const done = of({
    deciding: "2026-01-01T10:00:05.000Z",
    decided: "2026-01-01T10:00:05.040Z",
    moved: "2026-01-01T10:00:05.061Z",
  });
  expect(delays(done).verdict).toBeCloseTo(0.04);
  expect(delays(done).traffic).toBeCloseTo(0.021);
  expect(delays(running)).toEqual({ verdict: null, traffic: null });
});

it("says how far a worker's watch has come", () => {
  const began = Date.UTC(2026, 0, 1, 10);
  const watch = { seconds: 300, crashes: 3, crashed: 1, baseline: 0, steady: new Date(began).toISOString() };
  expect(watched({ phase: "running", first: false, watch }, began + 75_000).share).toBeCloseTo(0.25);
  expect(watched({ phase: "running", first: false, watch }, began + 900_000).share).toBe(1);
  expect(watched({ phase: "running", first: false, watch: { ...watch, steady: undefined } }, began)).toEqual({
    share: 0,
    words: expect.stringContaining("does not run just now"),
  });
  expect(watched({ phase: "promoted", first: true, watch }, began).share).toBe(1);
});
