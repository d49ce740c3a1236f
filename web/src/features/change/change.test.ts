import { describe, expect, it } from "vitest";
import {
  type Comment,
  leverOf,
  mergeLever,
  previewState,
  type Review,
  stateAsked,
  threadsOf,
  uncounted,
  whereWords,
} from "./change";

const comment = (id: string, replyTo?: string): Comment => ({
  id,
  author: "Eva",
  account: "a1",
  body: id,
  commit: "c",
  at: "2026-01-01T00:00:00Z",
  ...(replyTo ? { replyTo } : {}),
});

it("lists open changes unless the address says otherwise", () => {
  expect([undefined, "all", "merged", "nonsense"].map(stateAsked)).toEqual([
    "open",
    undefined,
    "merged",
    undefined,
  ]);
});

it("keeps answers, and answers to answers, in the thread that they belong to", () => {
  const threads = threadsOf([
    comment("a"),
    comment("b"),
    comment("c", "a"),
    comment("d", "c"),
    comment("e", "b"),
  ]);
  expect(threads.map((t) => [t.first.id, ...t.replies.map((r) => r.id)])).toEqual([
    ["a", "c", "d"],
    ["b", "e"],
  ]);
});

describe("what a merge waits for", () => {
  it.each([
    ["The check of 3f1c0a5d has not finished.", "check"],
    ["The check of 3f1c0a5d failed in step test: correct it and push, or run it again.", "check"],
    ["One approval of 3f1c0a5d by people who did not push to retry.", "review"],
    ["2 more approvals of 3f1c0a5d by people who did not push to retry.", "review"],
    ["Otto asked for changes: push them, or ask Otto for another review.", "answer"],
    ["The branch and the trunk both changed a.go: merge main into retry, settle them, and push.", "update"],
    ["The branch retry is not there: push it again, or close the change.", "close"],
    ["A commit: the trunk has all of retry already.", "edit"],
    ["Something that nobody has thought of.", undefined],
  ] as const)("%s", (need, lever) => expect(leverOf(need)).toBe(lever));
  it("is only time once people have said yes", () => {
    expect(mergeLever({ needs: [] })).toEqual({ label: "Merge", ready: true });
    expect(mergeLever({ needs: ["The check of 3f1c0a5d has not finished."] }).ready).toBe(true);
    expect(mergeLever({ needs: ["One approval of 3f1c0a5d by others."] }).ready).toBe(false);
    expect(mergeLever({ needs: ["The check of 3f1c0a5d failed: run it again."] }).ready).toBe(false);
  });
});

it("says why a verdict does not count", () => {
  const review = (over: Partial<Review>): Review => ({
    id: "r",
    reviewer: "Otto",
    account: "a",
    verdict: "approve",
    commit: "3f1c0a5d7be24c1f",
    stale: false,
    replaced: false,
    own: false,
    at: "2026-01-01T00:00:00Z",
    ...over,
  });
  expect(uncounted(review({}))).toBeNull();
  expect(uncounted(review({ stale: true }))).toBe("given for an older head, 3f1c0a5d");
  expect(uncounted(review({ replaced: true }))).toMatch(/later review/);
  expect(uncounted(review({ own: true }))).toMatch(/pushed to the branch/);
  expect(uncounted(review({ verdict: "comment", stale: true }))).toBeNull();
});

it("says where a thread stands", () => {
  expect(whereWords({ path: "a.go", line: 4, side: "old" })).toBe("a.go, removed line 4");
  expect(whereWords({ path: "a.go" })).toBe("a.go");
  expect(whereWords({})).toBe("");
});

it("says what is next where nothing can be tried", () => {
  const at = (
    preview: Parameters<typeof previewState>[0]["preview"],
    state: "open" | "merged" = "open",
    check: "queued" | "succeeded" = "queued",
  ) => previewState({ preview, state, check }).label;
  const none = { environment: "change-1", state: "none", head: false } as const;
  expect(at(none)).toBe("It starts by itself when the check of the head is green.");
  expect(at({ ...none, note: "the change was merged" }, "merged")).toBe(
    "There is none: the change was merged.",
  );
  expect(at(none, "open", "succeeded")).toMatch(/Run it again/);
  expect(at({ ...none, state: "starting", url: "http://x/" })).toBe("the newer head is being started");
  expect(at({ ...none, state: "starting" })).toBe("is being started");
});
