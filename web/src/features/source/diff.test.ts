import { describe, expect, it } from "vitest";
import {
  blocks,
  byDirectory,
  type DiffFile,
  type DiffLine,
  fileWords,
  folded,
  isAt,
  pairs,
  placeOf,
  placeText,
  sideOf,
  whyNot,
} from "./diff";

const line = (kind: DiffLine["kind"], text: string, old?: number, now?: number): DiffLine => ({
  kind,
  text,
  ...(old ? { old } : {}),
  ...(now ? { new: now } : {}),
});
const file = (over: Partial<DiffFile> = {}): DiffFile => ({
  path: "engine.go",
  status: "modified",
  added: 1,
  removed: 1,
  binary: false,
  tooLarge: false,
  hunks: [],
  ...over,
});
const hunk = (n: number) => ({
  oldStart: 1,
  oldLines: 0,
  newStart: 1,
  newLines: n,
  lines: Array.from({ length: n }, (_, i) => line("added", `line ${i}`, undefined, i + 1)),
});

describe("a place in a diff", () => {
  it.each([
    { path: "engine.go", side: "new", line: 42 },
    { path: "a/b:7/c d.go", side: "old", line: 1 },
  ] as const)("survives the address: %o", (place) => expect(placeOf(placeText(place))).toEqual(place));
  it.each([undefined, "", "engine.go", "engine.go:", "engine.go:0", ":4", "engine.go:x4"])(
    "is none in %j",
    (text) => expect(placeOf(text)).toBeUndefined(),
  );
  it("is a line by the number of its side", () => {
    const stayed = line("context", "x", 3, 5);
    expect([isAt(stayed, "old", 3), isAt(stayed, "new", 5), isAt(stayed, "new", 3)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(sideOf(stayed)).toEqual({ side: "new", line: 5 });
    expect(sideOf(line("removed", "x", 3))).toEqual({ side: "old", line: 3 });
    expect(isAt(line("added", "x", undefined, 3), "old", 3)).toBe(false);
  });
});

it("cuts hunks into blocks that hold every line once, the hunk's head at the first", () => {
  const f = file({ hunks: [hunk(250), hunk(3)] });
  const cut = blocks(f);
  expect(cut.map((b) => b.lines.length)).toEqual([120, 120, 10, 3]);
  expect(cut.map((b) => b.hunk !== undefined)).toEqual([true, false, false, true]);
  expect(cut.flatMap((b) => b.lines)).toEqual(f.hunks.flatMap((h) => h.lines));
  expect(new Set(cut.map((b) => b.key)).size).toBe(4);
});

it("puts removed lines beside those that took their place", () => {
  const c = line("context", "c", 1, 1);
  const [r1, r2, a1] = [
    line("removed", "r1", 2),
    line("removed", "r2", 3),
    line("added", "a1", undefined, 2),
  ];
  const d = line("context", "d", 4, 3);
  const a2 = line("added", "a2", undefined, 4);
  expect(pairs([c, r1, r2, a1, d, a2])).toEqual([
    { left: c, right: c },
    { left: r1, right: a1 },
    { left: r2, right: undefined },
    { left: d, right: d },
    { left: undefined, right: a2 },
  ]);
});

it("groups files by directory in the order of the diff", () => {
  const paths = ["go.mod", "web/a.ts", "web/b.ts", "web/x/c.ts"];
  expect(byDirectory(paths.map((path) => file({ path }))).map((g) => [g.directory, g.files.length])).toEqual([
    ["", 1],
    ["web", 2],
    ["web/x", 1],
  ]);
});

it("says what became of a file, and why it shows no lines", () => {
  expect(fileWords(file({ status: "renamed", oldPath: "old.go" }))).toBe("renamed from old.go");
  expect(fileWords(file({ oldMode: "100644", newMode: "100755" }))).toBe("changed, now executable");
  expect(whyNot(file({ binary: true }))).toMatch(/binary/);
  expect(whyNot(file({ tooLarge: true, hunks: [hunk(2)] }))).toMatch(/^The rest/);
  expect(whyNot(file({ status: "added" }))).toBe("The file is empty.");
  expect(whyNot(file({ hunks: [hunk(2)] }))).toBeNull();
  expect([
    folded(file({ path: "web/go.sum" })),
    folded(file({ hunks: [hunk(1600)] })),
    folded(file()),
  ]).toEqual([true, true, false]);
});
