import { expect, it } from "vitest";
import { checkAll, differences, type FormField, given, linesOf, merged, numberOf } from "./form";

const fields: FormField[] = [
  { name: "title", label: "Title", check: given("Write a title.") },
  { name: "cost.amount", label: "Cost", kind: "number" },
];

it("tells before sending what cannot be right", () => {
  expect(checkAll(fields, { title: " ", "cost.amount": "much" })).toEqual({
    title: "Write a title.",
    "cost.amount": "Write a number.",
  });
  expect(checkAll(fields, { title: "A", "cost.amount": "" })).toEqual({});
});

it("shows only where two sides differ", () => {
  const got = differences(fields, { title: "A", "cost.amount": "5" }, { title: "A ", "cost.amount": "7" });
  expect(got.map((d) => [d.field.name, d.mine, d.theirs])).toEqual([["cost.amount", "5", "7"]]);
});

it.each([
  ["750 000", 750_000],
  ["0,5", 0.5],
  ["-3", -3],
  ["", undefined],
  ["x", undefined],
])("reads %j as %j", (text, n) => expect(numberOf(text)).toBe(n));

it("reads a list without its empty lines", () => expect(linesOf(" a \n\n b")).toEqual(["a", "b"]));

it("writes only one's own changes over what somebody else wrote", () => {
  const began = { title: "a", owner: "Mara", note: "" };
  expect(merged({ title: "a", owner: "Ada", note: "" }, { ...began, title: "b" }, began)).toEqual({
    title: "b",
    owner: "Ada",
    note: "",
  });
});
