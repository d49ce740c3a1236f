import { expect, it } from "vitest";
import { type Entry, endsByItself, next, parts, said, tone } from "./incident";

const entry = (at: string, kind: string, text: string): Entry => ({
  at: `2026-01-01T${at}Z`,
  kind,
  text,
  actor: "release",
});

const timeline = [
  entry("09:00:00", "rollout.finished", "version 3 was promoted"),
  entry("10:00:00", "commits.pushed", "1 commit pushed to main: Open the flaps"),
  entry("10:01:00", "rollout.started", "rollout of version 4 began"),
  entry("10:01:01", "rollout.finished", "version 4 was rolled back, traffic is on version 3 again"),
];

it("begins with the push of the change that hurt, else with the impact", () => {
  const began = "2026-01-01T10:01:00Z";
  expect(parts({ timeline, began, commitTitle: "Open the flaps" }).within).toHaveLength(3);
  expect(parts({ timeline, began }).within).toHaveLength(2);
  expect(parts({ timeline: [], began })).toEqual({ before: [], within: [] });
});

it("tells what hurt from what helped", () => {
  expect(timeline.map(tone)).toEqual(["good", "plain", "plain", "bad"]);
  expect(tone(entry("10:00:00", "note", "called the supplier"))).toBe("note");
});

it("leaves the verdict's paragraph out", () => {
  expect(
    said(entry("10:00:00", "rollout.decided", "verdict: roll back, Roll back: server-errors. 3 of 3")),
  ).toBe("verdict: roll back");
  expect(said(entry("10:00:00", "artifact.marked-bad", "version 4 was marked bad: Roll back: x"))).toBe(
    "version 4 was marked bad",
  );
});

it("says that a version that got worse is taken back, and that the incident ends by itself", () => {
  const i = { state: "open", cause: "regression", causes: [] } as const;
  expect(next({ ...i, causes: [] })).toMatch(/^Take the version back/);
  expect(endsByItself({ ...i, causes: [] })).toBe(true);
});
