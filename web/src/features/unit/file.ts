import type { Schemas } from "~/api/ask";
import type { Field, ProblemError } from "~/api/problem";

export type Recorded = Schemas["RecordedUnit"];

/** How many units a request carries. */
export const atOnce = 2000;

/** Something wrong in a file, and where. */
export interface Fault {
  line: number;
  text: string;
}

/** What a file says, as `factory unit import` reads it; units stand beside the line that they are on. */
export interface Read {
  units: Recorded[];
  lines: number[];
  /** names of the attributes in the order in which they appear */
  names: string[];
  faults: Fault[];
}

const enough = 20; // faults that a person reads
const attribute = /^[a-z][a-z0-9_]{0,59}$/;

/**
 * Reads units from CSV, whose first line has the names and whose first column is the unit's id, or from lines of JSON,
 * which a file is that begins with {.
 */
export function readUnits(text: string): Read {
  const clean = text.replace(/^\uFEFF/, "");
  const read: Read = { units: [], lines: [], names: [], faults: [] };
  const names = new Set<string>();
  const seen = new Map<string, number>();
  const wrong = (line: number, said: string) => {
    read.faults.push({ line, text: said });
    return read.faults.length < enough;
  };
  const keep = (line: number, unit: Recorded): boolean => {
    const first = seen.get(unit.id);
    if (unit.id === "") return wrong(line, "has no id");
    if (new TextEncoder().encode(unit.id).length > 200)
      return wrong(line, "has an id of more than 200 bytes");
    if (first !== undefined) return wrong(line, `${unit.id} is on line ${first} already`);
    seen.set(unit.id, line);
    for (const name of Object.keys(unit.attributes)) names.add(name);
    read.units.push(unit);
    read.lines.push(line);
    return true;
  };
  if (clean.trim() === "") wrong(1, "there is nothing in it");
  else if (clean.startsWith("{")) fromJSON(clean, keep, wrong);
  else fromCSV(clean, keep, wrong);
  if (read.faults.length === 0 && read.units.length === 0)
    wrong(1, "there are names in it, and no unit below them");
  read.names = [...names];
  return read;
}

type Keep = (line: number, unit: Recorded) => boolean;
type Wrong = (line: number, said: string) => boolean;

function fromCSV(text: string, keep: Keep, wrong: Wrong): void {
  let names: string[] | undefined;
  for (const row of rows(text)) {
    if (row.wrong) {
      wrong(row.line, row.wrong);
      return; // after a quote that is not closed nothing stands where it should
    }
    if (!names) {
      names = row.cells;
      if (!names.slice(1).every((n, i) => checkName(n, i, names ?? [], row.line, wrong))) return;
      continue;
    }
    if (row.cells.length !== names.length) {
      const more = `has ${row.cells.length} cells; the first line has ${names.length}`;
      if (!wrong(row.line, more)) return;
      continue;
    }
    const attributes: Recorded["attributes"] = {};
    for (const [i, cell] of row.cells.entries())
      if (i > 0 && cell !== "") attributes[names[i] ?? ""] = value(cell);
    if (!keep(row.line, { id: row.cells[0] ?? "", attributes })) return;
  }
}

function checkName(name: string, i: number, all: readonly string[], line: number, wrong: Wrong): boolean {
  const twice = all.indexOf(name, 1) !== i + 1;
  if (!twice && attribute.test(name) && name !== "id") return true;
  const why = "small letters, digits and underscores, beginning with a letter, and not id";
  wrong(line, twice ? `the name ${name} is there twice` : `“${name}” is no name: ${why}`);
  return false;
}

function fromJSON(text: string, keep: Keep, wrong: Wrong): void {
  let line = 0;
  for (const one of text.split(/\r?\n/)) {
    line++;
    if (one.trim() === "") continue;
    const unit = parsed(one);
    const go = typeof unit === "string" ? wrong(line, unit) : keep(line, unit);
    if (!go) return;
  }
}

function parsed(line: string): Recorded | string {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return "is no JSON";
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return "is no JSON object";
  const { id, attributes = {}, ...more } = raw as Record<string, unknown>;
  const other = Object.keys(more)[0];
  if (other !== undefined) return `“${other}” is unknown: a unit has an id and attributes`;
  if (typeof id !== "string") return "has no id that is a text";
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes))
    return "has attributes that are no object";
  for (const [name, v] of Object.entries(attributes)) {
    if (!attribute.test(name) || name === "id") return `“${name}” is no name of an attribute`;
    if (!["string", "number", "boolean"].includes(typeof v))
      return `${name} is no text, number, true or false`;
  }
  return { id, attributes: attributes as Recorded["attributes"] };
}

interface Row {
  line: number;
  cells: string[];
  wrong?: string;
}

/** The rows of CSV (RFC 4180) with the line that each begins on; empty lines are none. */
function* rows(text: string): Generator<Row> {
  const stop = /[,\r\n]/g;
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row: Row = { line, cells: [] };
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        const began = line;
        at++;
        for (;;) {
          const quote = text.indexOf('"', at);
          if (quote < 0) {
            yield { ...row, line: began, wrong: "has a quote that is not closed" };
            return;
          }
          const part = text.slice(at, quote);
          cell += part;
          line += part.split("\n").length - 1;
          at = quote + 1;
          if (text[at] !== '"') break;
          cell += '"';
          at++;
        }
        if (at < text.length && !/[,\r\n]/.test(text[at] ?? "")) {
          yield { ...row, wrong: "has words behind a closing quote" };
          return;
        }
      } else {
        stop.lastIndex = at;
        const to = stop.exec(text)?.index ?? text.length;
        cell = text.slice(at, to);
        at = to;
        if (cell.includes('"')) {
          yield { ...row, wrong: "has a quote within a cell that does not begin with one" };
          return;
        }
      }
      row.cells.push(cell);
      if (text[at] !== ",") break;
      at++;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    if (row.cells.length > 1 || row.cells[0] !== "") yield row;
  }
}

/** A cell as a number, a yes or no, or a text. */
export function value(cell: string): string | number | boolean {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) {
    const n = Number(cell);
    if (Number.isFinite(n)) return n;
  }
  const word = cell.toLowerCase();
  return word === "true" ? true : word === "false" ? false : cell;
}

/** The units in the portions in which they are sent. */
export function portions<T>(list: readonly T[], size = atOnce): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** What the API found wrong with a portion, by the line of the file; what is about no unit is left to be shown as it is. */
export function faultsOf(p: Pick<ProblemError, "fields">, lines: readonly number[], done: number): Fault[] {
  return p.fields.flatMap((f: Field) => {
    const [, index, rest = ""] = /units[[.](\d+)\]?\.?(.*)$/.exec(f.at) ?? [];
    const line = index === undefined ? undefined : lines[done + Number(index)];
    return line === undefined
      ? []
      : [{ line, text: `${rest.replace(/^attributes\./, "")} ${f.text}`.trim() }];
  });
}
