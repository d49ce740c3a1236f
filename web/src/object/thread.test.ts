import { expect, it } from "vitest";
import type { Schemas } from "~/api/ask";
import { commitHref, hrefOf } from "./subject";
import { strip } from "./thread";

const node = (subject: string, title: string, state = ""): Schemas["ThreadNode"] => ({
  subject,
  kind: subject.split("/")[0] ?? "",
  id: subject.split("/")[1] ?? "",
  title,
  state,
  at: "2026-01-01T00:00:00Z",
});

it("shows the newest first, the object itself before the others, and why a station is empty", () => {
  const here = node("item/ENG-1", "Raise thrust", "building");
  const thread: Schemas["Thread"] = {
    here,
    whole: false,
    beside: [],
    edges: [],
    stages: [
      { kind: "objective", nodes: [node("objective/o", "Carry heavy loads")] },
      { kind: "key-result", nodes: [node("key-result/k", "Missions over 10 kg")] },
      { kind: "feature", nodes: [], gap: { why: "linked to none", close: "link it" } },
      { kind: "item", nodes: [here], here: true },
      { kind: "commit", nodes: [node("commit/aaaaaaaaaa", "first"), node("commit/bbbbbbbbbb", "second")] },
      { kind: "rollout", nodes: [node("rollout/r", "engine 4 in production", "rolled_back")] },
    ],
  };
  const got = strip(thread, "engine");
  expect(got.here).toBe("item");
  expect(got.gaps).toEqual({ feature: { why: "linked to none", close: "link it" } });
  expect(got.links.map((l) => [l.station, l.title, l.state])).toEqual([
    ["objective", "Carry heavy loads", undefined],
    ["objective", "Missions over 10 kg", undefined],
    ["item", "ENG-1 Raise thrust", "running"],
    ["commit", "bbbbbbbb second", undefined],
    ["commit", "aaaaaaaa first", undefined],
    ["rollout", "4 in production", "rolled-back"],
  ]);
  expect(got.links[3]?.href).toBe("/components/engine/commits/bbbbbbbbbb");
});

it("leads to a page, or to the thread of what has none", () => {
  expect(hrefOf("rollout/r1")).toBe("/rollouts/r1");
  expect(hrefOf("artifact/sha256:ab")).toBe("/artifacts/sha256%3Aab");
  expect(hrefOf("commit/abc")).toBe("/thread/commit/abc");
  expect(hrefOf("commit/abc", "engine")).toBe(commitHref("engine", "abc"));
});
