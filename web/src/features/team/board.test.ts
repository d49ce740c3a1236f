import { describe, expect, it } from "vitest";
import {
  age,
  type Board,
  dropped,
  filtered,
  type Item,
  type ItemState,
  moved,
  neighbour,
  shifted,
  spotOf,
  states,
} from "./board";
import { shortly, stays } from "./item";
import { slugOf } from "./newTeam";

const item = (id: string, state: ItemState, more: Partial<Item> = {}): Item => ({
  id,
  team: "engine",
  type: "feature",
  title: id,
  state,
  rank: 0,
  created: "2026-01-01T00:00:00Z",
  since: "2026-01-01T00:00:00Z",
  ageSeconds: 0,
  staySeconds: 0,
  version: 1,
  ...more,
});

const placed: Partial<Record<ItemState, string[]>> = {
  ready: ["a", "b", "c"],
  releasing: ["d"],
  done: ["e"],
};
const board: Board = {
  team: "engine",
  version: 1,
  throughput: [],
  cycle: { n: 0, minimum: 5 },
  columns: states.map((state) => ({
    state,
    count: placed[state]?.length ?? 0,
    items: (placed[state] ?? []).map((id) => item(id, state, id === "b" ? { assignee: "eva" } : {})),
  })),
};
const shape = (b: Board) => b.columns.map((c) => c.items.map((i) => i.id).join(""));

describe("keys", () => {
  it("go to the nearest card, over empty columns", () => {
    const at = spotOf(board.columns, "b");
    if (!at) throw new Error("b stands nowhere");
    expect(neighbour(board.columns, at, "ArrowDown")?.id).toBe("c");
    expect(neighbour(board.columns, at, "ArrowUp")?.id).toBe("a");
    expect(neighbour(board.columns, at, "ArrowRight")?.id).toBe("d");
    expect(neighbour(board.columns, { column: 0, row: 0 }, "ArrowLeft")).toBeUndefined();
  });

  it("move a card by one place or one column", () => {
    const at = (row: number) => ({ column: 0, row });
    expect(shifted(board.columns, at(1), "ArrowUp")).toEqual({ to: "ready", before: "a" });
    expect(shifted(board.columns, at(0), "ArrowDown")).toEqual({ to: "ready", before: "c" });
    expect(shifted(board.columns, at(1), "ArrowDown")).toEqual({ to: "ready" });
    expect(shifted(board.columns, at(2), "ArrowDown")).toBeNull();
    expect(shifted(board.columns, at(0), "ArrowRight")).toEqual({ to: "building" });
    expect(shifted(board.columns, { column: 4, row: 0 }, "ArrowRight")).toBeNull();
    expect(shifted(board.columns, { column: 4, row: 0 }, "ArrowUp")).toBeNull();
  });
});

describe("a dropped card", () => {
  it.each([
    ["c", "a", { to: "ready", before: "a" }],
    ["a", "b", { to: "ready", before: "c" }],
    ["a", "c", { to: "ready" }],
    ["a", "building", { to: "building" }],
    ["a", "d", { to: "releasing", before: "d" }],
    ["a", "e", { to: "done" }],
    ["c", "ready", null],
    ["a", "a", null],
  ])("%s on %s goes to %o", (id, over, want) => expect(dropped(board.columns, id, over)).toEqual(want));

  it("stands at its new place at once", () => {
    expect(shape(moved(board, "c", { to: "ready", before: "a" }))).toEqual(["cab", "", "", "d", "e"]);
    expect(shape(moved(board, "a", { to: "building" }))).toEqual(["bc", "a", "", "d", "e"]);
    expect(shape(moved(board, "d", { to: "done" }))).toEqual(["abc", "", "", "", "de"]);
    expect(moved(board, "a", { to: "building" }).columns.map((c) => c.count)).toEqual([2, 1, 0, 1, 1]);
    expect(moved(board, "gone", { to: "done" })).toBe(board);
  });
});

it("shows only the cards of one person", () => {
  expect(filtered(board.columns, "eva").flatMap((c) => c.items.map((i) => i.id))).toEqual(["b"]);
});

it.each([
  [{ state: "building", ageSeconds: 60 }, undefined, { dots: 1, late: false }],
  [{ state: "building", ageSeconds: 2 * 86_400 }, undefined, { dots: 3, late: false }],
  [{ state: "releasing", ageSeconds: 7200 }, 3600, { dots: 4, late: true }],
  [{ state: "ready", ageSeconds: 9e6 }, 3600, { dots: 0, late: false }],
] as const)("an item %o with 85 of 100 done in %s looks %o old", (i, p85, want) =>
  expect(age(i, p85)).toEqual(want),
);

it("adds up the visits to each state", () => {
  const move = (to: string, at: string) => ({ from: "", to, at, because: "", actor: "", byFact: false });
  const moves = [
    move("ready", "2026-01-01T10:00:00Z"),
    move("building", "2026-01-01T10:00:10Z"),
    move("ready", "2026-01-01T10:00:15Z"),
    move("building", "2026-01-01T10:00:20Z"),
    move("done", "2026-01-01T10:00:50Z"),
  ];
  expect(stays({ moves }, Date.parse("2026-01-01T11:00:00Z"))).toEqual([
    { state: "ready", seconds: 15, visits: 2 },
    { state: "building", seconds: 35, visits: 2 },
  ]);
});

it("leaves a verdict's paragraph to the page that the reason leads to", () => {
  for (const verdict of ["Roll back: server-errors. 3 of 3", "server-errors. 3 of the 3 units. More."])
    expect(shortly(`engine 4 was rolled back: ${verdict}`)).toBe("engine 4 was rolled back: server-errors");
  expect(shortly("engine 1.2.0 was promoted in production")).toBe("engine 1.2.0 was promoted in production");
});

it.each([
  ["Flight Software", "flight-software"],
  ["  Müller & Söhne ", "mu-ller-so-hne"],
  ["7 Engine", "engine"],
])("makes %s to %s", (name, slug) => expect(slugOf(name)).toBe(slug));
