import { describe, expect, it } from "vitest";
import { type Fact, readFact, touches } from "./live";

const fact: Fact = { seq: 9, at: "", kind: "rollout.promoted", subject: "rollout/r-1" };

describe("touches", () => {
  it.each([
    ["its noun", ["/api/v1/releases"], ["rollout"], true],
    ["every noun", ["/api/v1/floor"], ["*"], true],
    ["another noun", ["/api/v1/items"], ["item"], false],
    ["its subject in the key", ["/api/v1/rollouts/{id}", { id: "r-1" }], undefined, true],
    ["another subject", ["/api/v1/rollouts/{id}", { id: "r-10" }], undefined, false],
  ])("a query of %s", (_, key, rooms, touched) => expect(touches(key, rooms, fact)).toBe(touched));

  it("takes no query for a fact without a subject", () => {
    expect(touches([""], undefined, { ...fact, subject: "" })).toBe(false);
  });
});

describe("readFact", () => {
  it("reads what it knows and refuses the rest", () => {
    expect(
      readFact('{"seq":4,"at":"2026-01-01T00:00:00Z","kind":"item.moved","subject":"item/i1","data":{}}'),
    ).toEqual({
      seq: 4,
      at: "2026-01-01T00:00:00Z",
      kind: "item.moved",
      subject: "item/i1",
    });
    for (const bad of ["", "null", "7", '{"seq":"4"}', "{"]) expect(readFact(bad)).toBeUndefined();
  });
});
