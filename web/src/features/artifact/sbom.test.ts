import { expect, it } from "vitest";
import { look, readBill } from "./sbom";

const doc = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  components: [
    {
      "bom-ref": "a",
      name: "github.com/x/y",
      version: "v1",
      type: "library",
      licenses: [{ license: { id: "MIT" } }, { expression: "Apache-2.0" }],
    },
    { version: "without a name" },
    null,
    { name: "stdlib" },
  ],
};

it("reads the parts that make sense and leaves out the rest", () => {
  const bill = readBill(doc);
  expect(bill.spec).toBe("CycloneDX 1.6");
  expect(bill.parts.map((p) => [p.ref, p.name, p.licences])).toEqual([
    ["a", "github.com/x/y", "MIT, Apache-2.0"],
    ["stdlib 3", "stdlib", ""],
  ]);
  expect(look(bill.parts, "apache").map((p) => p.name)).toEqual(["github.com/x/y"]);
  for (const bad of [null, 7, "x", [], { components: 3 }]) expect(readBill(bad).parts).toEqual([]);
});
