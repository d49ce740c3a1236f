import { describe, expect, it } from "vitest";
import { checkAll } from "~/ui/form";
import {
  apart,
  bars,
  covers,
  declared,
  type Freeze,
  fields,
  length,
  local,
  presets,
  stateAt,
  warnings,
  weeks,
  when,
} from "./freeze";

const now = new Date(2026, 10, 23, 9, 30).getTime(); // a Monday
const hour = 3600_000;
const at = (hours: number) => new Date(now + hours * hour).toISOString();
const freeze = (id: string, from: number, to: number, change: Partial<Freeze> = {}): Freeze => ({
  id,
  name: id,
  reason: "why",
  state: "planned",
  begins: at(from),
  ends: at(to),
  declared: at(-99),
  declaredBy: "Pat",
  ...change,
});
const running = freeze("running", -1, 5);
const soon = freeze("soon", 3, 9, { team: "engine" });
const far = freeze("far", 100, 200, { component: "planner" });
const gone = freeze("gone", -50, -40);
const lifted = freeze("lifted", -30, 40, { lifted: at(-20) });
const all = [far, gone, lifted, running, soon];

describe("a freeze", () => {
  it("opens and closes by the clock", () => {
    expect(all.map((f) => stateAt(f, now))).toEqual(["planned", "over", "lifted", "active", "planned"]);
    expect(stateAt(soon, now + 3 * hour)).toBe("active");
    expect(stateAt(running, now + 5 * hour)).toBe("over");
    expect(length(lifted)).toBe("10 h");
  });

  it("stops what it covers", () => {
    const of = { team: "engine", component: "controller" };
    expect([running, soon, far].map((f) => covers(f, of))).toEqual([true, true, false]);
    expect([running, soon, far].map((f) => covers(f, {}))).toEqual([true, true, true]);
  });

  it("is warned of while it is in force and a day before", () => {
    const of = warnings(all, { team: "engine", component: "controller" }, now);
    expect([of.active, of.soon].map((l) => l.map((f) => f.id))).toEqual([["running"], ["soon"]]);
    expect(warnings(all, { team: "flight", component: "x" }, now).soon).toEqual([]);
  });

  it("stands where it matters: open ones the nearest first, past ones the newest first", () => {
    const { open, past } = apart(all, now);
    expect(open.map((f) => f.id)).toEqual(["running", "soon", "far"]);
    expect(past.map((f) => f.id)).toEqual(["lifted", "gone"]);
  });
});

describe("the form", () => {
  const form = fields(["engine"], ["planner"], new Date(now));
  const good = {
    name: " Race ",
    reason: "the race",
    scope: "",
    begins: "",
    ends: local(new Date(now + hour)),
  };

  it("offers ends that people mean, from when it begins", () => {
    expect(presets(new Date(now)).map((p) => [p.label, p.value])).toEqual([
      ["For 4 hours", "2026-11-23T13:30"],
      ["Until tomorrow 8:00", "2026-11-24T08:00"],
      ["Until Monday 8:00", "2026-11-30T08:00"],
      ["For a week", "2026-11-30T09:30"],
      ["Until 2 January 8:00", "2027-01-02T08:00"],
    ]);
    const sunday = presets(new Date(2026, 4, 10, 12));
    expect(sunday.map((p) => p.label)).toEqual(["For 4 hours", "Until Monday 8:00", "For a week"]);
    expect(sunday[1]?.value).toBe("2026-05-11T08:00");
  });

  it("is refused without an end after its begin", () => {
    expect(checkAll(form, good)).toEqual({});
    expect(checkAll(form, { ...good, ends: "" })).toEqual({ ends: "Say when it ends." });
    expect(checkAll(form, { ...good, begins: local(new Date(now + 2 * hour)) })).toHaveProperty("ends");
    expect(Object.keys(checkAll(form, { ...good, name: " ", reason: "" }))).toEqual(["name", "reason"]);
  });

  it("sends what is written, in universal time", () => {
    expect(declared({ ...good, scope: "team engine" })).toEqual({
      name: "Race",
      reason: "the race",
      team: "engine",
      ends: at(1),
    });
    expect(declared({ ...good, scope: "component planner", begins: good.ends })).toMatchObject({
      component: "planner",
      begins: at(1),
    });
  });
});

describe("the strip", () => {
  it("has weeks from Monday to Monday around today", () => {
    const edges = weeks(now + 3 * 24 * hour, 1, 4);
    expect(edges.map((e) => local(new Date(e)))).toEqual([
      "2026-11-16T00:00",
      "2026-11-23T00:00",
      "2026-11-30T00:00",
      "2026-12-07T00:00",
      "2026-12-14T00:00",
    ]);
  });

  it("cuts what goes beyond, shows where a lifted one was meant to go, and leaves out the rest", () => {
    const edges = [now, now + 10 * hour];
    const got = bars([running, gone, far, lifted, soon], edges);
    expect(got.map((b) => [b.freeze.id, b.from, b.to, b.meant])).toEqual([
      ["lifted", 0, 0, 1],
      ["running", 0, 0.5, 0.5],
      ["soon", 0.3, 0.9, 0.9],
    ]);
  });

  it("names the year only where it is another", () => {
    expect(when(new Date(2026, 11, 5, 6).getTime(), now)).toBe("Sat 5 Dec, 06:00");
    expect(when(new Date(2027, 0, 2, 8).getTime(), now)).toContain("2027");
  });
});
