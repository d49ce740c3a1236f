import { expect, it } from "vitest";
import { beside, type Initiative, scoreWord, sets } from "./board";
import { initiativeBody, initiativeValues } from "./initiativeForm";

const wsjf = (set: string, value: number) => ({ set, wsjf: value }) as Initiative["wsjf"];
const one = (title: string, w?: Initiative["wsjf"]) => ({ title, ...(w ? { wsjf: w } : {}) }) as Initiative;

it("ranks within each set of scores and leaves the unscored last", () => {
  const got = sets([one("late"), one("b", wsjf("Q1", 2)), one("a", wsjf("Q1", 5)), one("c", wsjf("Q2", 1))]);
  expect(got.map((s) => [s.set, s.list.map((i) => i.title)])).toEqual([
    ["Q1", ["a", "b"]],
    ["Q2", ["c"]],
    ["", ["late"]],
  ]);
});

it("ends the board at both ends", () => {
  expect(beside("funnel", -1)).toBeUndefined();
  expect(beside("ready", 1)).toBe("implementing");
  expect(beside("done", 1)).toBeUndefined();
});

it("calls a key result reached only when it is", () => {
  expect(scoreWord(0.996).label).toBe("99 % of the way");
  expect(scoreWord(1).label).toBe("reached");
  expect(scoreWord(null).state).toBe("waiting");
});

it("brings an initiative through its form unharmed", () => {
  const fields: Schemas = {
    title: "Heavy-lift drone",
    owner: "Mara Holt",
    keyResult: "k1",
    predicted: 40,
    hypothesis: { for: "a", who: "b", the: "c", isA: "d", that: "e", unlike: "f", ourSolution: "g" },
    leadingIndicators: ["x", "y"],
    scores: { set: "Q4", userBusinessValue: 13, timeCriticality: 8, riskReduction: 5, jobSize: 5 },
    cost: { amount: 750000, currency: "EUR" },
  };
  expect(initiativeBody(initiativeValues(fields as Partial<Initiative>))).toEqual(fields);
});

it("leaves out what is empty", () => {
  expect(initiativeBody({ title: " A ", "cost.amount": "1 000", "cost.currency": "usd" })).toEqual({
    title: "A",
    cost: { amount: 1000, currency: "USD" },
  });
});

type Schemas = ReturnType<typeof initiativeBody>;
