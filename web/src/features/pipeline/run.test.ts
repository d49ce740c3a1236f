import { describe, expect, it } from "vitest";
import { cancelWill, direct, firstStep, layout, type Run, type RunStep, retryWill, took } from "./run";

const step = (name: string, needs: string[] = [], state: RunStep["state"] = "waiting"): RunStep => ({
  name,
  needs,
  state,
  platform: false,
  timeout: 300,
  memory: 1,
  exitCode: 0,
  attempts: 1,
  cpu: 0,
  peak: 0,
});

describe("layout", () => {
  it("puts each step behind all that it needs", () => {
    const steps = [
      step("test"),
      step("lint"),
      step("build", ["test"]),
      step("publish", ["test", "lint", "build"]),
    ];
    expect(layout(steps).map((p) => [p.step.name, p.column, p.row])).toEqual([
      ["test", 0, 0],
      ["lint", 0, 1],
      ["build", 1, 0],
      ["publish", 2, 0],
    ]);
    expect(steps.map((s) => direct(s, steps))).toEqual([[], [], ["test"], ["lint", "build"]]);
  });

  it("ends on a circle and on a step that is not there", () => {
    const steps = [step("a", ["b"]), step("b", ["a"]), step("c", ["gone"])];
    expect(layout(steps)).toHaveLength(3);
    expect(direct(steps[0] as RunStep, steps)).toBeDefined();
  });
});

it.each([
  [["succeeded", "failed", "running"], "b"],
  [["succeeded", "running", "waiting"], "b"],
  [["succeeded", "succeeded", "skipped"], "b"],
  [["waiting", "waiting", "waiting"], "a"],
] as const)("looks first at what matters in %o", (states, want) => {
  expect(firstStep(states.map((s, i) => step("abc"[i] ?? "", [], s)))).toBe(want);
});

it("counts a step's time until now while it runs", () => {
  const started = "2026-01-01T10:00:00Z";
  expect(took({ started }, Date.parse(started) + 4000)).toBe(4);
  expect(took({ started, finished: "2026-01-01T10:00:09Z" }, 0)).toBe(9);
  expect(took({}, 0)).toBeNull();
});

it("says what ending a run leaves out", () => {
  const run = { items: ["ENG-1"], steps: [step("test", [], "running"), step("build")] } as unknown as Run;
  expect(cancelWill(run)).toEqual([
    "stop test where it stands",
    "leave out build",
    "publish no artifact, so nothing of this commit reaches customers",
    "send ENG-1 back to building",
  ]);
});

it("says that trying again gives the same inputs, where there are any", () => {
  const run = { commit: "c0ffee00", check: true, event: "manual", items: [], steps: [] } as unknown as Run;
  const same = "give its steps the same inputs";
  expect(retryWill({ ...run, inputs: { region: "us" } })).toContain(same);
  expect(retryWill(run)).not.toContain(same);
});
