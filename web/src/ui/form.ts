/** What is written into a form: every value as text, keyed as the API names the field ("hypothesis.who"). */
export type Values = Readonly<Record<string, string>>;

export interface FormField {
  /** as the API names it, so that its problems find their place */
  name: string;
  label: string;
  hint?: string;
  placeholder?: string;
  /** "line" when not given; "lines" is a list, one entry per line; "moment" a date and time in the reader's zone; "check" is "true" or "false" */
  kind?: "line" | "text" | "lines" | "number" | "pick" | "moment" | "check";
  /** for "pick"; the first may be an empty choice */
  options?: readonly { value: string; label: string }[];
  /** values that one press writes, given what else is written */
  quick?: (values: Values) => readonly { value: string; label: string }[];
  /** takes half of the width */
  half?: boolean;
  /** begins a titled group */
  group?: string;
  /** says what is wrong before it is sent, or null; the API has the last word */
  check?: (value: string, values: Values) => string | null;
}

/** The problems that can be told before anything is sent. */
export function checkAll(fields: readonly FormField[], values: Values): Record<string, string> {
  const wrong: Record<string, string> = {};
  for (const f of fields) {
    const value = values[f.name] ?? "";
    const said =
      f.check?.(value, values) ?? (f.kind === "number" && !isNumber(value) ? "Write a number." : null);
    if (said) wrong[f.name] = said;
  }
  return wrong;
}

/** Says that a field must not be empty. */
export function given(words: string): (value: string) => string | null {
  return (value) => (value.trim() === "" ? words : null);
}

/** The fields whose value differs, in the form's order. */
export function differences(
  fields: readonly FormField[],
  mine: Values,
  theirs: Values,
): { field: FormField; mine: string; theirs: string }[] {
  return fields.flatMap((field) => {
    const a = (mine[field.name] ?? "").trim();
    const b = (theirs[field.name] ?? "").trim();
    return a === b ? [] : [{ field, mine: a, theirs: b }];
  });
}

/** What somebody else wrote with one's own changes over it. */
export function merged(theirs: Values, mine: Values, began: Values): Values {
  const own = Object.entries(mine).filter(([name, value]) => value !== (began[name] ?? ""));
  return { ...mine, ...theirs, ...Object.fromEntries(own) };
}

/** A number that was written, with a comma or a point; undefined when there is none. */
export function numberOf(value: string | undefined): number | undefined {
  const text = (value ?? "")
    .trim()
    .replaceAll(/[\s\u2009]/g, "")
    .replace(",", ".");
  if (text === "") return undefined;
  const n = Number(text);
  return Number.isFinite(n) ? n : undefined;
}

/** The trimmed text, or undefined for none. */
export function textOf(value: string | undefined): string | undefined {
  const text = (value ?? "").trim();
  return text === "" ? undefined : text;
}

/** The entries of a list, one per line. */
export function linesOf(value: string | undefined): string[] {
  return (value ?? "")
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);
}

function isNumber(value: string): boolean {
  return value.trim() === "" || numberOf(value) !== undefined;
}
