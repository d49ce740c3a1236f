import { expect, it } from "vitest";
import { find } from "./commands";

const all = [
  { title: "Insight", about: "DORA, flow, outcomes", group: "Go to" },
  { title: "Delivery", about: "Runs and rollouts", group: "Go to" },
  { title: "Roll out again", group: "Do" },
];

it.each([
  ["", ["Insight", "Delivery", "Roll out again"]],
  ["rol", ["Roll out again", "Delivery"]],
  ["go dora", ["Insight"]],
  ["again roll", ["Roll out again"]],
  ["nothing like it", []],
])("%j finds %j", (typed, titles) => expect(find(all, typed).map((c) => c.title)).toEqual(titles));
