import { expect, it } from "vitest";
import { areaOf, areas, daily } from "./areas";

it.each([
  ["/", "Floor"],
  ["/board", "Board"],
  ["/initiatives/heavy-lift", "Board"],
  ["/rollouts/r1", "Delivery"],
  ["/nowhere", undefined],
])("%s lies in %s", (path, name) => expect(areaOf(path)?.name).toBe(name));

it("gives each area a letter of its own", () => {
  expect(new Set(areas.map((a) => a.key)).size).toBe(areas.length);
});

it("quietens what a role does not use and hides nothing from the roleless", () => {
  const names = (roles: string[]) => areas.filter((a) => daily(a, roles)).map((a) => a.name);
  expect(names(["board"])).toEqual(["Floor", "Board", "Products", "Insight", "Audit"]);
  expect(names(["member"])).toContain("Delivery");
  expect(names([])).toHaveLength(areas.length);
});
