import { describe, expect, it } from "vitest";
import type { Schemas } from "~/api/ask";
import {
  fold,
  hurt,
  isEmpty,
  kindOf,
  mine,
  ribbonOf,
  rooms,
  type StationId,
  sentences,
  shortAge,
  wayOf,
} from "./floor";

const ids = Object.keys(rooms) as StationId[];

function floor(over: Partial<Record<StationId, Partial<Schemas["FloorStation"]>>> = {}): Schemas["Floor"] {
  return {
    at: "2026-05-04T12:00:00Z",
    stations: ids.map((id) => ({
      id,
      title: id,
      inWork: 0,
      inWorkText: "",
      waiting: 0,
      week: 0,
      weekText: "",
      days: [0, 0, 0, 0, 0, 0, 0],
      stuck: [],
      stuckCount: 0,
      ...over[id],
    })),
    ribbons: [],
    outcomes: [],
    recent: [],
    attention: [],
  };
}

const outcome: Schemas["FloorOutcome"] = {
  keyResult: "k",
  objective: "o",
  title: "Heavy missions",
  unit: "%",
  baseline: 0,
  target: 60,
  points: [],
};

describe("sentences", () => {
  it("says what is measured, what is in work and what arrived", () => {
    const f = floor({ initiatives: { inWork: 1 }, items: { inWork: 3 }, releases: { week: 2 } });
    f.outcomes = [{ ...outcome, value: 32.04 }];
    expect(sentences(f)).toEqual([
      "Heavy missions: 32 % on the way to 60 %.",
      "1 initiative and 3 items in work.",
      "2 releases reached everybody in 7 days.",
    ]);
  });
  it("never says 0 for what was not measured", () => {
    const f = floor();
    f.outcomes = [outcome];
    expect(sentences(f)).toEqual(["Heavy missions: not measured yet, 60 % is the target."]);
  });
});

it("is empty only while nothing was ever there", () => {
  expect(isEmpty(floor())).toBe(true);
  expect(isEmpty(floor({ vision: { text: "Grow" } }))).toBe(false);
  expect(isEmpty(floor({ items: { waiting: 1 } }))).toBe(false);
});

it("hurts where something has been stuck for longest", () => {
  const stuck = (subject: string, since: string) => ({ subject, since, title: subject, why: "blocked" });
  const f = floor({
    items: { stuckCount: 2, stuck: [stuck("item/A-1", "2026-05-04T10:00:00Z")] },
    runs: { stuckCount: 1, stuck: [stuck("run/1", "2026-05-03T10:00:00Z")] },
  });
  expect(hurt(f)).toMatchObject({ count: 3, worst: { subject: "run/1" } });
});

it("asks members only for what their own team can do", () => {
  const need = (roles: string[], team?: string) => ({
    roles,
    ...(team ? { team } : {}),
    urgency: "now" as const,
    subject: "item/A-1",
    title: "",
    since: "",
    why: "",
    next: "",
  });
  const all = [need(["member"], "engine"), need(["member"], "battery"), need(["board"]), need(["platform"])];
  expect(mine(all, { roles: ["member", "board"], teams: ["engine"] })).toEqual([all[0], all[2]]);
});

it("knows the way to a target that lies below the baseline", () => {
  expect(wayOf({ baseline: 10, target: 2, value: 6 })).toBe(0.5);
  expect(wayOf({ baseline: 0, target: 60 })).toBeNull();
});

it("lets each fact of the stream pass along one ribbon", () => {
  expect(ribbonOf("commits.pushed")).toBe(3);
  expect(ribbonOf("token.created")).toBeUndefined();
  expect(kindOf(6)).toBe("rollout.finished");
});

it.each([
  [59, "59 s"],
  [187_200, "2 d"],
  [0.4, "0 s"],
])("shortens %d s to %s", (s, words) => expect(shortAge(s)).toBe(words));

it("folds what moves again and again into its newest move", () => {
  const move = (at: string, subject: string) => ({
    at,
    subject,
    kind: "k.m",
    title: "",
    text: at,
    actor: "",
  });
  const got = fold([move("3", "a"), move("2", "b"), move("1", "a")]);
  expect(got.map((m) => [m.subject, m.text, m.times])).toEqual([
    ["a", "3", 2],
    ["b", "2", 1],
  ]);
});
