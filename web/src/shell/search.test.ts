import { expect, it } from "vitest";
import { foundCommands, searchable } from "./search";

it("goes to the page of what was found, and names it as people do", () => {
  const went: string[] = [];
  const found = foundCommands(
    [
      { subject: "item/ENG-1", kind: "item", id: "ENG-1", title: "Fly", state: "done", team: "engine" },
      { subject: "commit/a99b6f8c0372", kind: "commit", id: "a99b6f8c0372", title: "Carry" },
    ],
    (href) => went.push(href),
  );
  for (const f of found) f.run();
  expect(found.map((f) => [f.title, f.about])).toEqual([
    ["ENG-1 Fly", "item · done · team engine"],
    ["a99b6f8c Carry", "commit"],
  ]);
  expect(went).toEqual(["/items/ENG-1", "/thread/commit/a99b6f8c0372"]);
});

it("asks from the second letter on", () => {
  expect(["", "e", "en"].map(searchable)).toEqual([false, false, true]);
});
