import { expect, it } from "vitest";
import { componentOf, joints, type Node, pageOf, reach, type Thread, titleOf } from "./path";

const node = (subject: string, title = ""): Node => {
  const [kind = "", id = ""] = subject.split("/");
  return { subject, kind, id, title, at: "2026-05-04T12:00:00Z" };
};

it.each([
  ["item/ENG-1", undefined, "/items/ENG-1"],
  ["commit/a99b6f8c0372", "engine", "/components/engine/commits/a99b6f8c0372"],
  ["commit/a99b6f8c0372", undefined, "/thread/commit/a99b6f8c0372"],
  ["artifact/sha256:96", undefined, "/artifacts/sha256%3A96"],
  ["effect/01a2:01b3", undefined, "/rollouts/01a2"],
  ["vision/01", undefined, "/board"],
])("%s of %s has its page at %s", (subject, component, href) => {
  expect(pageOf({ subject }, component)).toBe(href);
});

it("calls items and commits by what people call them, and the nameless by its first digits", () => {
  expect(titleOf(node("item/ENG-1", "Fly"))).toBe("ENG-1 Fly");
  expect(titleOf(node("commit/a99b6f8c0372", "Carry"))).toBe("a99b6f8c Carry");
  expect(titleOf(node("run/01a205ea-98af"))).toBe("01a205ea");
});

const thread: Thread = {
  here: node("item/ENG-1"),
  stages: [
    { kind: "feature", nodes: [node("feature/f", "Engine")] },
    { kind: "item", nodes: [node("item/ENG-1")], here: true },
    { kind: "commit", nodes: [node("commit/aaaa"), node("commit/bbbb")] },
    { kind: "run", nodes: [], gap: { why: "no run yet", close: "push" } },
  ],
  beside: [node("component/engine"), node("team/engine")],
  edges: [
    { from: "feature/f", to: "item/ENG-1", relation: "split into" },
    { from: "item/ENG-1", to: "commit/bbbb", relation: "implemented by" },
  ],
  whole: false,
};

it("says how a node hangs on the one above only where there are several", () => {
  expect(joints(thread, "commit/bbbb")).toEqual(["ENG-1 is implemented by this"]);
  expect(joints(thread, "item/ENG-1")).toEqual([]);
});

it("knows the component when there is one, and what is missing", () => {
  expect(componentOf(thread)).toBe("engine");
  expect(componentOf({ beside: [...thread.beside, node("component/battery")] })).toBeUndefined();
  expect(reach(thread)).toBe("one stage is missing");
});
