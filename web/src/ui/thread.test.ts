import { expect, it } from "vitest";
import { type Link, places } from "./thread";

const link = (station: Link["station"], id: string): Link => ({ station, id, title: id, href: `/${id}` });

it("shows what is missing above as gaps and what is ahead as not yet", () => {
  const got = places(
    [link("vision", "v"), link("feature", "f"), link("item", "i1"), link("item", "i2")],
    "item",
  );
  expect(got.filter((p) => p.gap).map((p) => p.station)).toEqual(["objective", "initiative"]);
  expect(got.find((p) => p.here)?.links.map((l) => l.id)).toEqual(["i1", "i2"]);
  expect(got.filter((p) => p.links.length === 0 && !p.gap).map((p) => p.station)).toEqual([
    "commit",
    "run",
    "artifact",
    "rollout",
    "effect",
  ]);
});

it("calls everything above an object without a reason a gap", () => {
  expect(places([link("commit", "c")], "commit").filter((p) => p.gap)).toHaveLength(5);
});
