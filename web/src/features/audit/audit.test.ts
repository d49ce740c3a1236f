import { expect, it } from "vitest";
import { ends, exported, hrefWith, mayMatch } from "./audit";

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
