import { describe, expect, it } from "vitest";
import { ProblemError } from "~/api/problem";
import { attributesOf, cohortYAML, conditionFault, inWords, narrowed, takeOf } from "./unit";

const no = (text: string) => new ProblemError("invalid", 422, "", text, "", [], "", null);

describe("a condition", () => {
  it("that cannot be read is shown with its place", () => {
    const where = 'unit.country = "dé"';
    expect(
      conditionFault(
        no(`"..." is no condition: Syntax error: token recognition error at: '= ', at character 14`),
        where,
      ),
    ).toEqual({
      text: "Does not know '= ', at character 14.",
      before: "unit.country ",
      here: "=",
      after: ' "dé"',
    });
  });

  it("whose fault is at its end has a place behind it", () => {
    const said =
      "is no condition: Syntax error: mismatched input '<EOF>' expecting {'[', IDENTIFIER}, at character 14";
    expect(conditionFault(no(said), "unit.score >=")).toMatchObject({
      text: "Something is missing at the end, at character 14.",
      before: "unit.score >=",
      here: " ",
      after: "",
    });
  });

  it("that says neither yes nor no has no place; other problems are none of its", () => {
    expect(conditionFault(no('"1" does not say yes or no, but gives a int'), "1")).toEqual({
      text: "It does not say yes or no, but gives a int.",
    });
    expect(conditionFault(new Error("away"), "1")).toBeUndefined();
  });

  it("is narrowed by another", () => {
    expect(narrowed("", "unit.beta")).toBe("unit.beta");
    expect(narrowed("unit.a", "unit.b")).toBe("unit.a && unit.b");
    expect(narrowed("unit.a || unit.b", "unit.c")).toBe("(unit.a || unit.b) && unit.c");
  });
});

it("finds what there is to ask for", () => {
  const list = [
    { attributes: { country: "de", score: 97, beta: true } },
    { attributes: { country: "at", score: 99.5 } },
    { attributes: { country: "de", score: 98 } },
  ];
  expect(attributesOf(list)).toEqual([
    { name: "country", kind: "text", values: "de, at", condition: 'unit.country == "de"' },
    { name: "score", kind: "number", values: "97 to 99.5", condition: "unit.score >= 98" },
    { name: "beta", kind: "flag", values: "true or false", condition: "unit.beta" },
  ]);
});

describe("a cohort", () => {
  const c = { known: 4200, matching: 544, units: 200, some: [] };

  it("is told in words", () => {
    const wish = { where: "unit.beta", rank: "score", take: 200 };
    expect(inWords(c, wish)).toMatch(/^200 units take part, those with the highest score, of 544/);
    expect(inWords({ ...c, units: 0, matching: 0 }, wish)).toContain("would be refused before production");
    expect(inWords({ ...c, units: 150, matching: 150 }, wish)).toContain("fewer than the 200 asked for");
    expect(inWords({ ...c, known: 0, units: 0 }, wish)).toBe("Nothing is known of any unit yet.");
  });

  it("is asked for in YAML, whatever the condition has in it", () => {
    expect(
      cohortYAML({ where: `unit.name == 'o\\'x' && unit.c in ["a", "b"]`, rank: "score", take: 0 }),
    ).toBe(
      `rollout:
  stages:
    - share: 0.5
      cohort:
        where: 'unit.name == ''o\\''x'' && unit.c in ["a", "b"]'
        rank: score
    - 0.05
    - 0.25
    - 1`,
    );
  });

  it.each([
    ["1000", 1000],
    ["1 000", 1000],
    ["", 0],
    ["-3", 0],
    ["many", 0],
  ])("takes %j: %d", (text, n) => expect(takeOf(text)).toBe(n));
});
