import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { touches } from "~/api/live";
import { factsQuery, say, told } from "./facts";

const folder = fileURLToPath(new URL("../../../internal/fact/", import.meta.url));

it("can tell every kind of fact that the server knows", () => {
  const kinds = readdirSync(folder)
    .filter((f) => f.endsWith(".go") && !f.endsWith("_test.go"))
    .flatMap((f) => [
      ...readFileSync(folder + f, "utf8").matchAll(/Kind\(\) string \{ return "([\w.-]+)" \}/g),
    ])
    .map((m) => m[1]);
  expect(kinds.length).toBeGreaterThan(40);
  expect(kinds.filter((k) => !told.includes(k ?? ""))).toEqual([]);
});

it("tells a fact with its reason, and one it does not know by its name", () => {
  expect(
    say({ kind: "item.moved", data: { from: "ready", to: "building", because: "pulled by Eva" } }),
  ).toEqual({
    what: "moved it from ready to building",
    why: "pulled by Eva",
  });
  expect(say({ kind: "item.blocked", data: { reason: "" } })).toEqual({ what: "said that it can go on" });
  expect(
    say({
      kind: "commits.pushed",
      data: { branch: "main", total: 2, commits: [{ commit: "abcdef1234", title: "x" }] },
    }),
  ).toEqual({
    what: "pushed 2 commits to main",
    why: "abcdef12 x",
  });
  expect(say({ kind: "moon.landed", data: null })).toEqual({ what: "moon.landed" });
});

it("is asked again by a fact about its object, and by no other", () => {
  const { queryKey } = factsQuery("rollout/r-1");
  const about = (subject: string) => ({ seq: 1, at: "", kind: "rollout.held", subject });
  expect(touches(queryKey, undefined, about("rollout/r-1"))).toBe(true);
  expect(touches(queryKey, undefined, about("rollout/r-10"))).toBe(false);
});
