import type { Schemas } from "~/api/ask";
import { inputLabel } from "~/features/path/path";
import { type FormField, given, numberOf, type Values } from "~/ui/form";

export type RunInput = Schemas["RunInput"];

/** An input of the pipeline file as a field of a form, named as the API names its problems. */
export function runField(i: RunInput): FormField {
  const field = { name: `inputs.${i.name}`, label: inputLabel(i.name), ...(i.text ? { hint: i.text } : {}) };
  switch (i.type) {
    case "boolean":
      return { ...field, kind: "check" };
    case "choice": {
      const options = (i.choices ?? []).map((value) => ({ value, label: value }));
      return i.required
        ? {
            ...field,
            kind: "pick",
            options: [{ value: "", label: "Choose one" }, ...options],
            check: given("Choose one."),
          }
        : { ...field, kind: "pick", options };
    }
    case "number":
      return { ...field, kind: "number", check: given("Write a number.") };
    default:
      return i.required ? { ...field, check: given("Write something.") } : field;
  }
}

/** What the fields say before anybody has written: the defaults. */
export function runDefaults(inputs: readonly RunInput[]): Values {
  return Object.fromEntries(
    inputs.map((i) => [`inputs.${i.name}`, i.default ?? (i.type === "boolean" ? "false" : "")]),
  );
}

/** What was written, by the inputs' names, as the API takes it. */
export function runInputs(inputs: readonly RunInput[], values: Values): Record<string, string> {
  return Object.fromEntries(
    inputs.map((i) => {
      const value = values[`inputs.${i.name}`] ?? "";
      return [i.name, i.type === "number" ? String(numberOf(value) ?? value) : value];
    }),
  );
}
