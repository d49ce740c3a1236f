import { expect, it } from "vitest";
import { checkAll } from "~/ui/form";
import { type RunInput, runDefaults, runField, runInputs } from "./inputs";

const input = (name: string, type: RunInput["type"], more: Partial<RunInput> = {}): RunInput => ({
  name,
  type,
  required: more.default === undefined,
  variable: `INPUT_${name.toUpperCase()}`,
  ...more,
});

const inputs = [
  input("dry", "boolean", { default: "true", text: "Only say what would be done" }),
  input("sure", "boolean"),
  input("region", "choice", { choices: ["eu", "us"], default: "us" }),
  input("size", "choice", { choices: ["s", "l"] }),
  input("count", "number", { default: "3" }),
  input("move_reason", "text"),
  input("title", "text", { default: "" }),
];

it("has a field for each input, by its type", () => {
  const fields = inputs.map(runField);
  expect(
    fields.map((f) => [f.name, f.label, f.kind ?? "line", f.options?.map((o) => o.value).join()]),
  ).toEqual([
    ["inputs.dry", "Dry", "check", undefined],
    ["inputs.sure", "Sure", "check", undefined],
    ["inputs.region", "Region", "pick", "eu,us"],
    ["inputs.size", "Size", "pick", ",s,l"],
    ["inputs.count", "Count", "number", undefined],
    ["inputs.move_reason", "Move reason", "line", undefined],
    ["inputs.title", "Title", "line", undefined],
  ]);
  expect(fields[0]?.hint).toBe("Only say what would be done");
});

it("begins with the defaults, and tells what is needed before it is sent", () => {
  const values = runDefaults(inputs);
  expect(values).toEqual({
    "inputs.dry": "true",
    "inputs.sure": "false",
    "inputs.region": "us",
    "inputs.size": "",
    "inputs.count": "3",
    "inputs.move_reason": "",
    "inputs.title": "",
  });
  const fields = inputs.map(runField);
  expect(checkAll(fields, values)).toEqual({
    "inputs.size": "Choose one.",
    "inputs.move_reason": "Write something.",
  });
  expect(checkAll(fields, { ...values, "inputs.count": "many" })["inputs.count"]).toBe("Write a number.");
  expect(checkAll(fields, { ...values, "inputs.count": "" })["inputs.count"]).toBe("Write a number.");
});

it("sends what was written, whatever it says, and numbers with a point", () => {
  const written = { ...runDefaults(inputs), "inputs.count": "0,5", "inputs.move_reason": '"; rm -rf /' };
  expect(runInputs(inputs, written)).toEqual({
    dry: "true",
    sure: "false",
    region: "us",
    size: "",
    count: "0.5",
    move_reason: '"; rm -rf /',
    title: "",
  });
});
