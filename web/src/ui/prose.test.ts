import { describe, expect, it } from "vitest";
import { passages, pieces } from "./prose";

it("reads paragraphs, lists, quotes, headings and code, and keeps what is in code as it is", () => {
  const text =
    "Why\nnow\n\n# Steps\n- one\n  more\n- two\n\n1. first\n\n> said\n> so\n```go\nif a {\n\n- b\n```\nafter";
  expect(passages(text)).toEqual([
    { kind: "paragraph", text: "Why\nnow" },
    { kind: "heading", text: "Steps" },
    { kind: "list", ordered: false, items: ["one\nmore", "two"] },
    { kind: "list", ordered: true, items: ["first"] },
    { kind: "quote", text: "said\nso" },
    { kind: "code", text: "if a {\n\n- b" },
    { kind: "paragraph", text: "after" },
  ]);
  expect(passages("```\nnever ended")).toEqual([{ kind: "code", text: "never ended" }]);
  expect(passages("")).toEqual([]);
});

describe("a line", () => {
  it("has code, strong words and links", () => {
    expect(pieces("see `a*b*` and **this**, [run 7](/runs/7) or https://example.org/a.")).toEqual([
      { kind: "text", text: "see " },
      { kind: "code", text: "a*b*" },
      { kind: "text", text: " and " },
      { kind: "strong", text: "this" },
      { kind: "text", text: ", " },
      { kind: "link", text: "run 7", href: "/runs/7" },
      { kind: "text", text: " or " },
      { kind: "link", text: "https://example.org/a", href: "https://example.org/a" },
      { kind: "text", text: "." },
    ]);
  });
  it.each(["[x](javascript:alert(1))", "[x](//elsewhere.example)", "[x](data:text/html,y)"])(
    "makes no link of %s",
    (text) => expect(pieces(text).some((p) => p.kind === "link")).toBe(false),
  );
});
