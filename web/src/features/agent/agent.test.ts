import { expect, test } from "vitest";
import { agentState, command, fields, inWords } from "./agent";

test("every state has words", () => {
  for (const state of ["expected", "expired", "connected", "draining", "stopped", "lost"] as const)
    expect(agentState({ state }).label).not.toBe("");
});

test("who takes runs is said", () => {
  expect(inWords([], 2)).toBe("The factory itself runs 2 at once; no agent is connected.");
  expect(inWords([], 0)).toBe("The factory itself runs none: only agents take runs, and none is connected.");
  const list = [
    { state: "connected" as const, slots: 2 },
    { state: "connected" as const, slots: 4 },
    { state: "lost" as const, slots: 8 },
  ];
  expect(inWords(list, 2)).toBe("The factory itself runs 2 at once; 2 agents are connected with room for 6.");
  expect(inWords(list.slice(0, 1), 0)).toBe(
    "The factory itself runs none: only agents take runs; one agent is connected with room for 2.",
  );
});

test("the command names a host that the machine reaches", () => {
  expect(command("0.0.0.0:8443", "t", "factory.example")).toContain("--url https://factory.example:8443 ");
  expect(command("[::]:8443", "t", "factory.example")).toContain("--url https://factory.example:8443 ");
  expect(command("10.0.0.7:8443", "t", "factory.example")).toContain("--url https://10.0.0.7:8443 ");
});

test("names are checked before they are sent", () => {
  const check = fields[0]?.check;
  expect(check?.("build-1", {})).toBeNull();
  for (const bad of ["", "1", "A", "a b", "a".repeat(41)]) expect(check?.(bad, {})).not.toBeNull();
});
