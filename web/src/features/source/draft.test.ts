import { describe, expect, it } from "vitest";
import {
  between,
  branchFor,
  type Draft,
  edited,
  editsOf,
  kindOf,
  messageOf,
  rebased,
  wrongPath,
} from "./draft";

const begun: Draft = { commit: "c1", files: {} };

describe("edits", () => {
  it("are what differs from where one began, and nothing else", () => {
    let d = edited(begun, "a.go", "new", "old");
    d = edited(d, "b.go", "b", null);
    d = edited(d, "c.go", null, "c");
    expect(editsOf(d).map(({ path, edit }) => [path, kindOf(edit)])).toEqual([
      ["a.go", "changed"],
      ["b.go", "new"],
      ["c.go", "deleted"],
    ]);
    d = edited(d, "a.go", "newer", "new"); // what it was is what it was at first
    expect(d.files["a.go"]).toEqual({ content: "newer", was: "old" });
    expect(
      Object.keys(edited(edited(edited(d, "a.go", "old", "x"), "b.go", null, null), "c.go", "c", null).files),
    ).toEqual([]);
  });

  it("move to another head, where only what both changed clashes", () => {
    const d = edited(
      edited(edited(begun, "a.go", "mine", "old"), "b.go", "mine", "old"),
      "c.go",
      "same",
      "old",
    );
    const { draft, clashes } = rebased(d, "c2", { "a.go": "theirs", "b.go": "old", "c.go": "same" });
    expect(clashes).toEqual([{ path: "a.go", theirs: "theirs", mine: "mine" }]);
    expect(draft).toEqual({
      commit: "c2",
      files: { "a.go": { content: "mine", was: "theirs" }, "b.go": { content: "mine", was: "old" } },
    });
    expect(rebased(edited(begun, "a.go", "mine", "old"), "c2", {}).clashes).toEqual([
      { path: "a.go", theirs: null, mine: "mine" },
    ]);
  });
});

it("makes a message with trailers in its last paragraph", () => {
  expect(messageOf("Retry ", "", ["ENG-1", "ENG-2"])).toBe("Retry\n\nItem: ENG-1\nItem: ENG-2\n");
  expect(messageOf("Retry", "Because.\n", [])).toBe("Retry\n\nBecause.\n");
});

it("names a branch after its title", () => {
  expect(branchFor("Retry the motor’s start, once!")).toBe("retry-the-motor-s-start-once");
  expect(branchFor("Überall — a")).toBe("uberall-a");
  expect(branchFor("!!")).toBe("");
});

it.each(["", "/a", "a/", "a//b", "../a", "./a", "there.go"])("refuses %j as a new file's path", (path) =>
  expect(wrongPath(path, (p) => p === "there.go")).not.toBeNull(),
);
it("takes a path with directories", () => expect(wrongPath("internal/a.go", () => false)).toBeNull());

describe("what is between two texts", () => {
  it("is the stretch that differs with three lines around", () => {
    const old = "1\n2\n3\n4\n5\nsix\n7\n8\n9\n10\n";
    const f = between("a", old, old.replace("six", "6\n6b"));
    expect([f.added, f.removed, f.status]).toEqual([2, 1, "modified"]);
    expect(f.hunks[0]?.lines.map((l) => `${l.kind[0]}${l.old ?? ""}:${l.new ?? ""} ${l.text}`)).toEqual([
      "c3:3 3",
      "c4:4 4",
      "c5:5 5",
      "r6: six",
      "a:6 6",
      "a:7 6b",
      "c7:8 7",
      "c8:9 8",
      "c9:10 9",
    ]);
  });
  it.each([
    [null, "a\n", "added"],
    ["a\n", null, "deleted"],
  ] as const)("%j and %j", (old, now, status) => expect(between("a", old, now)).toMatchObject({ status }));
  it("is nothing when they are alike", () => expect(between("a", "x\n", "x\n").hunks).toEqual([]));
  it("does not take repeated lines twice", () => {
    const f = between("a", "a\na\n", "a\na\na\n");
    expect([f.added, f.removed]).toEqual([1, 0]);
  });
});
