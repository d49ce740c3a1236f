import { expect, it } from "vitest";
import { docCommands, foundCommands, lastingNodes, searchable } from "./search";

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

it("tells each component and team once, in one order, whoever told of it first", () => {
  const hit = { subject: "component/engine", kind: "component", id: "engine", title: "engine" };
  const run = { subject: "run/1", kind: "run", id: "1", title: "engine 1" };
  const teams = [{ id: "crew", name: "Crew" }];
  const components = [{ name: "engine", team: "crew", state: "ready" as const }];
  const told = (...nodes: Parameters<typeof lastingNodes>) => lastingNodes(...nodes).map((n) => n.subject);
  expect(told(undefined, undefined, [run, hit])).toEqual(["component/engine"]);
  expect(told(components, teams, [run, hit])).toEqual(["team/crew", "component/engine"]);
  expect(told(components, teams)).toEqual(["team/crew", "component/engine"]);
});

it("leads to the place in the documentation, and to a few of them only", () => {
  const went: string[] = [];
  const found = [
    { path: "how-to/begin", title: "Begin" },
    { path: "evidence", title: "Evidence", id: "silence", heading: "Silence" },
    ...["a", "b", "c"].map((path) => ({ path, title: path })),
  ];
  const commands = docCommands(found, (href) => went.push(href));
  for (const c of commands) c.run();
  expect(commands.map((c) => c.title)).toEqual(["Begin", "Evidence: Silence", "a", "b"]);
  expect(went).toEqual(["/docs/how-to/begin", "/docs/evidence#silence", "/docs/a", "/docs/b"]);
});
