import { describe, expect, it } from "vitest";
import { faultsOf, portions, readUnits, value } from "./file";

const units = (text: string) => readUnits(text).units;
const faults = (text: string) => readUnits(text).faults.map((f) => `${f.line}: ${f.text}`);

describe("a file of CSV", () => {
  it("has names, then units; numbers and yes or no are read as such, an empty cell is nothing", () => {
    const read = readUnits("\uFEFFid,country,score,beta\r\ndrone-1,de,99.5,TRUE\r\n\r\ndrone-2,,-3e2,no\n");
    expect(read.units).toEqual([
      { id: "drone-1", attributes: { country: "de", score: 99.5, beta: true } },
      { id: "drone-2", attributes: { score: -300, beta: "no" } },
    ]);
    expect(read.lines).toEqual([2, 4]);
    expect(read.names).toEqual(["country", "score", "beta"]);
  });

  it("may have commas, quotes and lines within quotes", () => {
    const read = readUnits('id,note\n"a,1","he said ""go""\nand went"\nb,x');
    expect(read.units[0]).toEqual({ id: "a,1", attributes: { note: 'he said "go"\nand went' } });
    expect(read.lines).toEqual([2, 4]);
  });

  it.each([
    ["", "1: there is nothing in it"],
    ["id,country\n", "1: there are names in it, and no unit below them"],
    ["id,Country\na,de", "1: “Country” is no name"],
    ["id,a,a\nx,1,2", "1: the name a is there twice"],
    ["id,id\nx,1", "1: “id” is no name"],
    ["id,a\nx,1,2", "2: has 3 cells; the first line has 2"],
    ["id,a\n,1", "2: has no id"],
    ["id,a\nx,1\ny,2\nx,3", "4: x is on line 2 already"],
    ['id,a\nx,"1', "2: has a quote that is not closed"],
    ['id,a\nx,"1"2', "2: has words behind a closing quote"],
    ['id,a\nx,1"2', "2: has a quote within a cell"],
  ])("%j is refused: %s", (text, said) => expect(faults(text)[0]).toContain(said));

  it("names the first twenty faults and no more", () => {
    expect(faults(`id,a\n${"x\n".repeat(50)}`)).toHaveLength(20);
  });
});

describe("lines of JSON", () => {
  it("are read where a file begins with {", () => {
    expect(units('{"id":"a","attributes":{"score":1,"beta":false}}\n\n{"id":"b"}')).toEqual([
      { id: "a", attributes: { score: 1, beta: false } },
      { id: "b", attributes: {} },
    ]);
  });

  it.each([
    ['{"id":"a"}\n{"id":', "2: is no JSON"],
    ['{"id":"a","attribute":{}}', "1: “attribute” is unknown"],
    ['{"attributes":{}}', "1: has no id"],
    ['{"id":"a","attributes":{"x":[1]}}', "1: x is no text"],
    ['{"id":"a","attributes":{"X":1}}', "1: “X” is no name"],
    ['{"id":"a"}\n{"id":"a"}', "2: a is on line 1 already"],
  ])("%s is refused: %s", (text, said) => expect(faults(text)[0]).toContain(said));
});

it.each([
  ["12", 12],
  ["-.5", -0.5],
  ["1e3", 1000],
  ["1e999", "1e999"],
  ["NaN", "NaN"],
  ["0x10", "0x10"],
  [" 1", " 1"],
  ["False", false],
])("the cell %j is %j", (cell, is) => expect(value(cell)).toBe(is));

it("goes in portions, and finds the lines of what the factory refuses", () => {
  expect(portions([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  const fields = [
    { at: "units[1].attributes.note", text: "has 900 bytes" },
    { at: "units.0.id", text: "must have 1 to 200 bytes" },
    { at: "units", text: "has none" },
  ];
  expect(faultsOf({ fields }, [2, 3, 7, 8], 2)).toEqual([
    { line: 8, text: "note has 900 bytes" },
    { line: 7, text: "id must have 1 to 200 bytes" },
  ]);
});
