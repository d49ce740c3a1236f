import { expect, test } from "vitest";
import {
  answered,
  answerWord,
  behind,
  cohorts,
  driftWord,
  inputField,
  progress,
  type Upgrade,
  type Upgraded,
  worth,
} from "./path";

const component = (cohort: number, state: Upgraded["state"]): Upgraded => ({
  component: `${state}-${cohort}`,
  team: "engine",
  branch: "upgrade/go-service-1.1.0",
  cohort,
  from: "1.0.0",
  state,
  changed: "2026-01-01T00:00:00Z",
});

const upgrade: Upgrade = {
  id: "u",
  path: "go-service",
  version: "1.1.0",
  state: "running",
  cohorts: [1, 4],
  cohort: 1,
  failures: 10,
  whole: true,
  by: "Pia",
  started: "2026-01-01T00:00:00Z",
  counts: { waiting: 2, merged: 1, conflict: 1, approval: 0, failed: 1, left: 0 },
  components: [
    component(1, "merged"),
    component(2, "open"),
    component(2, "conflict"),
    component(2, "failed"),
    component(2, "waiting"),
  ],
};

test("cohorts say how many are how far, and whose turn has come", () => {
  expect(cohorts(upgrade)).toEqual([
    { number: 1, size: 1, begun: true, parts: [{ id: "merged", label: "merged", count: 1 }] },
    {
      number: 2,
      size: 4,
      begun: false,
      parts: [
        { id: "way", label: "on the way", count: 1 },
        { id: "parked", label: "parked", count: 2 },
        { id: "waiting", label: "to come", count: 1 },
      ],
    },
  ]);
});

test("progress names what there is only", () => {
  expect(progress(upgrade.counts)).toBe("1 merged, 2 on the way, 1 in conflict, 1 failed");
});

test("behind are those on another version than what is offered", () => {
  const on = [
    { version: "1.1.0", components: 3 },
    { version: "1.0.0", components: 2 },
    { version: "0.9.0", components: 1 },
  ];
  expect(behind({ version: "1.1.0", components: on })).toBe(3);
});

test("drift shows what the team or the path did, and calls a new file new", () => {
  const files = [
    { path: "a", state: "same" as const },
    { path: "b", state: "own" as const },
    { path: "c", state: "missing" as const, next: "added" as const },
    { path: "d", state: "changed" as const },
    { path: "e", state: "same" as const, next: "removed" as const },
  ];
  expect(worth(files).map((f) => f.path)).toEqual(["c", "d", "e"]);
  expect(files.map(driftWord)).toEqual([
    "as the path has it",
    "the team's own",
    "not there yet",
    "changed by the team",
    "as the path has it",
  ]);
});

test("an input becomes a field with what was answered, or what the path takes", () => {
  const port = {
    name: "port",
    type: "text" as const,
    text: "Where it listens",
    required: true,
    default: "8080",
  };
  const open = { name: "is_public", type: "boolean" as const, text: "Who sees it", required: false };
  expect(inputField(port)).toMatchObject({ name: "answers.port", label: "Port", hint: "Where it listens" });
  expect(inputField(port).check?.("", {})).toBe("Answer this.");
  expect(inputField(open)).toMatchObject({ label: "Is public", kind: "pick" });
  expect([answered(port, undefined), answered(port, { port: "90" }), answered(open, {})]).toEqual([
    "8080",
    "90",
    "false",
  ]);
  expect(answerWord(open, answered(open, { is_public: "true" }))).toBe("yes");
});
