import { expect, it } from "vitest";
import { byNoun, ends, exported, hrefWith, mayMatch, readAll } from "./audit";

const fact = { kind: "rollout.started", subject: "rollout/01" };

it.each([
  [{}, true],
  [{ kind: "rollout" }, true],
  [{ kind: "rollout.started" }, true],
  [{ kind: "roll" }, false],
  [{ kind: "rollout.held" }, false],
  [{ subject: "rollout/01", kind: "rollout" }, true],
  [{ subject: "rollout/02" }, false],
])("the filter %j lets a fact that is heard in: %s", (search, yes) =>
  expect(mayMatch(search, fact)).toBe(yes),
);

it("keeps the filter in the address when a fact is opened, and leaves it when it is closed", () => {
  expect(hrefWith({ subject: "item/ENG-1" }, { fact: "7" })).toBe("/audit?subject=item%2FENG-1&fact=7");
  expect(hrefWith({ fact: "7" }, { fact: "" })).toBe("/audit");
});

it("exports what is shown with its filter and says whether there was more", () => {
  const text = exported([fact], { kind: "rollout", state: "done" }, true, new Date(0));
  expect(JSON.parse(text)).toEqual({
    what: "facts",
    exported: "1970-01-01T00:00:00.000Z",
    filter: { kind: "rollout" },
    complete: false,
    items: [fact],
  });
});

it("shortens a hash at its middle", () => {
  expect(ends("f8368379903ff48f742ae425a600593668fe62b6")).toBe("f836837990…fe62b6");
});

it("exports page after page, the oldest fact first", async () => {
  const asked: string[] = [];
  const read = (address: string) => {
    asked.push(address);
    return Promise.resolve(
      asked.length === 1 ? { items: [{ seq: 3 }, { seq: 2 }], next: "c" } : { items: [{ seq: 1 }] },
    );
  };
  const seen: number[] = [];
  const facts = await readAll({ kind: "item" }, (n) => seen.push(n), read);
  expect(facts.map((f) => f.seq)).toEqual([1, 2, 3]);
  expect(seen).toEqual([2, 3]);
  expect(asked).toEqual(["/api/v1/facts?limit=500&kind=item", "/api/v1/facts?limit=500&kind=item&after=c"]);
});

it("puts kinds under their nouns", () => {
  expect([...byNoun(["run.started", "item.moved", "run.finished"])]).toEqual([
    ["item", ["item.moved"]],
    ["run", ["run.finished", "run.started"]],
  ]);
});
