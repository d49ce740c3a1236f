import { describe, expect, it } from "vitest";
import { rolloutState } from "~/object/states";
import {
  approvalWill,
  awaited,
  freezeIn,
  gateOf,
  notYours,
  ofWhom,
  type Stage,
  secondsIn,
  whom,
} from "./gates";
import type { Rollout } from "./rollout";

const cohort = { who: "the first 600 units by score", units: 600, lowest: 94.4, digest: "f1ef" };
const stages: Stage[] = [
  { share: 0.5, units: 120, approval: true, cohort },
  { share: 0.25, units: 50, approval: true },
  { share: 1, units: 50, approval: false },
];
const base = {
  release: "7",
  baseline: "6",
  first: false,
  phase: "starting",
  stage: 0,
  awaits: 0,
  shares: [0.5, 0.25, 1],
  plan: { stages },
} as Rollout;
const of = (change: object) => ({ ...base, ...change }) as Rollout;

describe("a stage", () => {
  it("says who gets the new version", () => {
    expect(stages.map(whom)).toEqual(["50 % of a cohort of 600", "25 % of the units", "all units"]);
    expect(ofWhom(of({ phase: "running" }))).toBe("of the cohort");
    expect(ofWhom(of({ phase: "running", stage: 1 }))).toBe("of units");
  });

  it.each([
    ["24h0m0s", 86_400],
    ["1m30s", 90],
    ["1.5s", 1.5],
    ["500ms", 0.5],
    [undefined, 0],
  ])("lasts %s, %d s", (text, seconds) => expect(secondsIn(text)).toBeCloseTo(seconds));

  it("needs its approval until it is given, and no more when the rollout is over", () => {
    expect([0, 1, 2, 3].map((k) => gateOf(base, k))).toEqual(["waits", "needed", "none", "none"]);
    const given = { ...stages[0], approved: { by: "Eva", reason: "seen", at: "" } };
    const later = of({ phase: "running", awaits: undefined, plan: { stages: [given, ...stages.slice(1)] } });
    expect([0, 1].map((k) => gateOf(later, k))).toEqual(["approved", "needed"]);
    expect(gateOf(of({ phase: "rolled_back", awaits: undefined }), 1)).toBe("void");
  });
});

describe("an approval", () => {
  it("knows what it is for", () => {
    expect(awaited(base)).toMatchObject({ index: 0, before: true });
    expect(awaited(of({ awaits: undefined }))).toBeUndefined();
    expect(approvalWill(base)[0]).toContain("start version 7 in production");
    expect(approvalWill(of({ phase: "running", awaits: 1 }))[0]).toContain(
      "widen version 7 to 25 % of the units",
    );
    expect(approvalWill(of({ phase: "running", stage: 1, awaits: 2 }))[0]).toContain("promote version 7");
    expect(approvalWill(of({ awaits: undefined }))).toEqual([]);
  });

  it("is for the team's members and the platform", () => {
    expect(notYours({ roles: ["platform"], teams: [] }, "engine")).toBeUndefined();
    expect(notYours({ roles: ["member"], teams: ["engine"] }, "engine")).toBeUndefined();
    expect(notYours({ roles: ["member"], teams: ["flight"] }, "engine")?.text).toContain("team engine");
    expect(notYours({ roles: ["board"], teams: ["engine"] }, "engine")).toBeDefined();
  });
});

it("finds the freeze in what a rollout waits for", () => {
  const words =
    'the freeze "Year \\"26\\"" to end at 2 January 2027, 08:00 UTC (Pat Lund (board)). Hotfixes may go.';
  const freeze = { name: 'Year "26"', until: "2 January 2027, 08:00 UTC", by: "Pat Lund (board)" };
  expect(freezeIn(words)).toEqual({ ...freeze, ready: false });
  expect(freezeIn(`The evidence suffices; it waits for ${words}`)).toEqual({ ...freeze, ready: true });
  expect(freezeIn("its turn")).toBeUndefined();
});

it("says in a list what a rollout waits for", () => {
  const state = (phase: string, waiting: string) =>
    rolloutState({ phase, waiting, share: 0.05, first: false } as Rollout).label;
  expect(state("starting", "Staging has proved it; it waits for a person to approve that it goes on.")).toBe(
    "waiting for an approval",
  );
  expect(state("running", "The evidence suffices; it waits for a person to approve that 25 % get it.")).toBe(
    "waiting for an approval at 5 % of units",
  );
  expect(state("queued", 'the freeze "F" to end at x (y). Hotfixes may go.')).toBe(
    "waiting for a freeze to end",
  );
  expect(state("running", "")).toBe("running at 5 % of units");
});
