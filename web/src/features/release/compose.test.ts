import { describe, expect, it } from "vitest";
import {
  type Answer,
  along,
  check,
  componentsMeant,
  instead,
  meant,
  moved,
  named,
  notYours,
  partsIn,
  placed,
  type Rollout,
  read,
  versionsOf,
  whyNot,
  will,
  withPart,
} from "./compose";

const version = (id: string, component: string, release: string, more: Partial<Rollout> = {}): Rollout =>
  ({
    id,
    component,
    release,
    team: "crew",
    title: "A change",
    items: [],
    phase: "promoted",
    artifact: `sha256:${component}${release}`,
    ...more,
  }) as unknown as Rollout;

const answer = (parts: string[], links: Partial<Answer["links"][number]>[] = []): Answer =>
  ({
    works: true,
    parts: parts.map((p) => ({ component: p.split("@")[0], release: p.split("@")[1], team: "crew" })),
    links,
  }) as unknown as Answer;

const load = { name: "load-report", constraint: "^1", provides: "1.0.0" };
const planner = { ...load, component: "planner", release: "7", by: "engine", byRelease: "6" };

describe("the parts in an address", () => {
  it.each([
    [undefined, []],
    ["planner@7, engine@6", ["planner@7", "engine@6"]],
    ["planner@7,planner@6,engine,@3,engine@,a@b@c,engine@6", ["planner@7", "engine@6"]],
  ])("%j are %j", (text, parts) => expect(partsIn(text)).toEqual(parts));

  it("are at most 50", () => {
    const many = Array.from({ length: 60 }, (_, i) => `c${i}@1`);
    expect(partsIn(many.join(","))).toEqual(many.slice(0, 50));
  });
});

it("puts a part behind the others, and in the place of another version of its component", () => {
  expect(withPart(["a@1"], "b@1")).toEqual(["a@1", "b@1"]);
  expect(withPart(["a@1", "b@1"], "a@2")).toEqual(["a@2", "b@1"]);
});

it("moves a part, and leaves all as they are where there is no such place", () => {
  const parts = ["a@1", "b@1", "c@1"];
  expect(moved(parts, 2, 0)).toEqual(["c@1", "a@1", "b@1"]);
  expect(moved(parts, 0, 1)).toEqual(["b@1", "a@1", "c@1"]);
  for (const [from, to] of [
    [0, -1],
    [2, 3],
    [3, 0],
  ] as const)
    expect(moved(parts, from, to)).toBe(parts);
});

it("knows each version by its newest rollout, the newest first", () => {
  const again = version("3", "engine", "6", { phase: "queued" });
  const known = versionsOf(
    [version("1", "engine", "6"), version("2", "planner", "7")],
    undefined,
    [again],
    [version("2", "planner", "7")],
  );
  expect(known.map((v) => v.id)).toEqual(["3", "2"]);
});

describe("a version can become a part", () => {
  const live = [
    {
      component: "engine",
      release: "5",
      artifact: "sha256:engine5",
      environment: "production" as const,
    },
    { component: "engine", release: "6", artifact: "sha256:engine6", environment: "staging" as const },
  ];
  it.each([
    ["promoted", "4", {}, undefined],
    ["promoted", "5", {}, "production runs it already"],
    ["rolled_back", "6", { releaseId: "r" }, undefined],
    ["rolled_back", "4", { artifact: "sha256:bad" }, "marked bad"],
    ["queued", "7", {}, undefined],
    ["queued", "7", { releaseId: "r" }, "a part of another release already"],
    ["running", "7", {}, "being rolled out already"],
    ["rolling_back", "7", {}, "being rolled out already"],
  ] as const)("when it is %s as version %s with %j: not because %s", (phase, release, more, no) => {
    expect(whyNot(version("1", "engine", release, { phase, ...more }), { live, bad: ["sha256:bad"] })).toBe(
      no,
    );
  });

  it("and says what becomes of what production runs", () => {
    expect(instead({ component: "engine", release: "10" }, live)).toBe("replaces 5");
    expect(instead({ component: "engine", release: "4" }, live)).toBe("goes back from 5");
    expect(instead({ component: "engine", release: "5" }, live)).toBe("");
    expect(instead({ component: "planner", release: "1" }, live)).toBe("");
  });
});

describe("what is typed", () => {
  const versions = [
    version("5", "planner", "16", { title: "Report the load" }),
    version("4", "engine", "16", { title: "Load and the report" }),
    version("3", "engine", "6", { items: ["ENG-9"] }),
    version("2", "planner", "6"),
    version("1", "planner", "5", { phase: "queued" }),
  ];
  it.each([
    ["", ["planner@5", "planner@16", "engine@16", "engine@6", "planner@6"]],
    ["engine", ["engine@16", "engine@6"]],
    ["6", ["engine@6", "planner@6"]],
    ["ENG 1", ["engine@16"]],
    ["engine@6", ["engine@6"]],
    ["load", ["planner@16", "engine@16"]],
    ["report the load", ["planner@16", "engine@16"]],
    ["load and the report", ["engine@16"]],
    ["eng-9", ["engine@6"]],
    ["nothing like it", []],
  ])("%j means %j", (typed, found) => expect(meant(versions, typed).map(named)).toEqual(found));

  it.each([
    ["", []],
    ["e", []],
    ["plan 6", ["planner", "flight-planner"]],
    ["flight-planner", ["flight-planner"]],
    ["er", ["engine-controller", "flight-planner", "planner"]],
  ])("%j may mean versions of %j", (typed, components) =>
    expect(componentsMeant(["engine-controller", "flight-planner", "planner"], typed)).toEqual(components),
  );
});

describe("the solver's answer", () => {
  it("that they do not go together is no", () => {
    const no = { ...answer([]), works: false };
    expect(read(no, ["a@1", "b@1"])).toMatchObject({
      state: "failed",
      headline: "They do not go together",
      ready: false,
    });
    expect(read(no, ["a@1"]).headline).toBe("It cannot go as things are");
  });

  it("names what has to go along, and why, and where it belongs", () => {
    const a = answer(["engine@6", "planner@7"], [planner]);
    const r = read(a, ["planner@7"]);
    expect(r).toMatchObject({ headline: "One more version has to go along", ready: false });
    expect(r.missing).toEqual([
      { part: "engine@6", because: "planner 7 requires load-report ^1, which it provides." },
    ]);
    expect(along(a, ["planner@7"], "engine@6")).toEqual(["engine@6", "planner@7"]);
    const other = read(a, ["engine@6"]);
    expect(other.missing).toEqual([
      {
        part: "planner@7",
        because: "It takes load-report 1.0.0 of engine 6; what runs of it now does not.",
      },
    ]);
    expect(along(a, ["engine@6"], "planner@7")).toEqual(["engine@6", "planner@7"]);
    expect(read(answer(["a@1", "b@1", "c@1"]), ["a@1"])).toMatchObject({
      headline: "2 more have to go along",
      missing: [{ because: "The others do not go without it." }, { part: "c@1" }],
    });
  });

  it("leaves out what production runs already", () => {
    expect(read(answer(["engine@6"]), ["planner@6", "engine@6"])).toMatchObject({
      headline: "Production runs planner 6 already",
      live: ["planner@6"],
      ready: false,
    });
  });

  it("says when a part would go before what it requires, and the better order", () => {
    const a = answer(["engine@6", "planner@7"], [planner]);
    expect(read(a, ["planner@7", "engine@6"])).toMatchObject({
      state: "held",
      ready: true,
      order: ["engine@6", "planner@7"],
    });
    expect(read(a, ["engine@6", "planner@7"])).toMatchObject({ state: "done", ready: true });
    expect(read(answer(["a@1", "b@1"]), ["b@1", "a@1"])).toMatchObject({
      state: "done",
      headline: "They go together",
    });
  });

  it("that one goes by itself is no release yet", () => {
    expect(read(answer(["a@1"]), ["a@1"])).toMatchObject({ headline: "It goes by itself", ready: true });
    expect(check(["a@1"], { reason: "why", name: "" }, { ready: true })).toEqual({
      parts: "A release has two parts or more.",
    });
  });
});

it("tells what is wrong before it is sent, and leaves to the API what the solver has not said yet", () => {
  const two = ["a@1", "b@1"];
  expect(check(two, { reason: " ", name: "" }, undefined)).toEqual({ reason: "Say in a few words why." });
  expect(check(two, { reason: "why", name: "x".repeat(201) }, undefined)).toHaveProperty("name");
  expect(check(two, { reason: "why", name: "" }, { ready: false })).toHaveProperty("parts");
  expect(check(two, { reason: "why", name: "" }, { ready: true })).toEqual({});
});

it("puts the API's words at the part or field that they are about", () => {
  expect(
    placed({ "parts[1]": "must be another component", name: "too long", "x.y": "?" }, ["a@1", "b@1"]),
  ).toEqual({
    here: { "b@1": "must be another component", name: "too long" },
    elsewhere: true,
  });
});

it("says whose parts are, to whom may not release them", () => {
  const picked = [version("1", "a", "1", { team: "x" }), version("2", "b", "2", { team: "y" })];
  expect(notYours({ roles: ["platform"], teams: [] }, picked)).toBeUndefined();
  expect(notYours({ roles: ["member"], teams: ["x", "y"] }, picked)).toBeUndefined();
  expect(notYours({ roles: ["member"], teams: ["x"] }, picked)).toEqual({
    text: "b 2 belongs to team y: releasing it needs membership of that team or the role platform.",
    next: "Ask a member of team y to add you, or send them this page: its address holds the parts.",
  });
  expect(notYours({ roles: ["board"], teams: ["x"] }, picked)?.text).toMatch(
    /^a 1 belongs to team x and b 2 belongs to team y: releasing them needs membership of each/,
  );
});

it("says what a release will do, first for what it waits", () => {
  expect(will(["a@1", "b@2"], "the rollout of a 0 to end").slice(0, 2)).toEqual([
    "wait for the rollout of a 0 to end",
    "prove a 1, then b 2 in staging and start them in production, in this order",
  ]);
  expect(will(["a@1", "b@2"], undefined)).toHaveLength(3);
});
