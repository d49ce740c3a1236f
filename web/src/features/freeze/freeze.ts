import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { duration, millis } from "~/lib/time";
import type { Said } from "~/object/states";
import type { FormField, Values } from "~/ui/form";
import { given } from "~/ui/form";

export type Freeze = Schemas["Freeze"];
export type Scope = Pick<Freeze, "team" | "component">;

/** Freezes that are in force or planned, or with all those that were, too. The key is the same for both on purpose: a fact about one changes both. */
export function freezesQuery(all = false) {
  return ask("/api/v1/freezes", { query: all ? { all } : {}, kinds: ["freeze"] });
}

export const freezesKey = ["/api/v1/freezes"] as const;

/** How a freeze stands at a moment: windows open and close without a fact. */
export function stateAt(f: Pick<Freeze, "begins" | "ends" | "lifted">, now: number): Freeze["state"] {
  if (f.lifted) return "lifted";
  if (now < millis(f.begins)) return "planned";
  return now < millis(f.ends) ? "active" : "over";
}

export function freezeState(state: Freeze["state"]): Said {
  switch (state) {
    case "active":
      return { state: "held", label: "in force" };
    case "planned":
      return { state: "waiting", label: "planned" };
    case "over":
      return { state: "done", label: "over" };
    case "lifted":
      return { state: "done", label: "lifted" };
  }
}

/** What a freeze is for, in words. */
export function forWhat(f: Scope): string {
  if (f.component) return f.component;
  return f.team ? `team ${f.team}` : "everything";
}

/** True when a freeze stops what is asked for; of the whole factory every freeze stops something. */
export function covers(f: Scope, of: Scope): boolean {
  const whole = !of.team && !of.component;
  if (whole) return true;
  return (!f.team || f.team === of.team) && (!f.component || f.component === of.component);
}

const soon = 24 * 3600_000;

/** The freezes to warn of: in force, those that end last first, and planned ones that begin within a day. */
export function warnings(
  list: readonly Freeze[],
  of: Scope,
  now: number,
): { active: Freeze[]; soon: Freeze[] } {
  const here = list.filter((f) => covers(f, of));
  const at = (state: Freeze["state"]) => here.filter((f) => stateAt(f, now) === state);
  return {
    active: at("active").sort((a, b) => millis(b.ends) - millis(a.ends)),
    soon: at("planned")
      .filter((f) => millis(f.begins) - now < soon)
      .sort((a, b) => millis(a.begins) - millis(b.begins)),
  };
}

/** Those that matter now, the nearest first, and those that are past, the newest first. */
export function apart(list: readonly Freeze[], now: number): { open: Freeze[]; past: Freeze[] } {
  const live = (f: Freeze) => ["active", "planned"].includes(stateAt(f, now));
  return {
    open: list.filter(live).sort((a, b) => millis(a.begins) - millis(b.begins)),
    past: list.filter((f) => !live(f)).sort((a, b) => endOf(b) - endOf(a)),
  };
}

/** When a freeze ended or will end. */
export function endOf(f: Pick<Freeze, "ends" | "lifted">): number {
  return millis(f.lifted ?? f.ends);
}

/** "Mon 4 Jan, 08:00", with the year where it is not the present one. */
export function when(at: string | number, now: number): string {
  const then = new Date(millis(at));
  const year = then.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...year,
    hour: "2-digit",
    minute: "2-digit",
  }).format(then);
}

/** How long a freeze is or was. */
export function length(f: Pick<Freeze, "begins" | "ends" | "lifted">): string {
  return duration(Math.max(0, endOf(f) - millis(f.begins)) / 1000);
}

/** A moment as a field of date and time writes it, in the reader's zone. */
export function local(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Ends that people mean, counted from when it begins. */
export function presets(from: Date): { label: string; value: string }[] {
  const at = (days: number, hour: number) =>
    new Date(from.getFullYear(), from.getMonth(), from.getDate() + days, hour);
  const hours = new Date(from.getTime() + 4 * 3600_000);
  const monday = (8 - from.getDay()) % 7 || 7;
  const newYear = new Date(from.getFullYear() + 1, 0, 2, 8);
  const week = new Date(from);
  week.setDate(week.getDate() + 7);
  return [
    { label: "For 4 hours", value: local(hours) },
    ...(monday === 1 ? [] : [{ label: "Until tomorrow 8:00", value: local(at(1, 8)) }]),
    { label: "Until Monday 8:00", value: local(at(monday, 8)) },
    { label: "For a week", value: local(week) },
    ...(from.getMonth() >= 9 ? [{ label: "Until 2 January 8:00", value: local(newYear) }] : []),
  ];
}

const begun = (v: Values, now: Date) => (v.begins ? new Date(v.begins) : now);

/** The form that declares a freeze. */
export function fields(teams: readonly string[], components: readonly string[], now: Date): FormField[] {
  return [
    {
      name: "name",
      label: "Name",
      placeholder: "Year end",
      check: given("Give it a name that people know."),
    },
    {
      name: "reason",
      label: "Reason",
      hint: "Shown to everybody whom it stops, and written into the journal beside your name",
      placeholder: "The books are closed",
      kind: "text",
      check: given("Say in a few words why."),
    },
    {
      name: "scope",
      label: "For",
      hint: "The narrower, the less it costs",
      kind: "pick",
      options: [
        { value: "", label: "everything" },
        ...teams.map((t) => ({ value: `team ${t}`, label: `team ${t}` })),
        ...components.map((c) => ({ value: `component ${c}`, label: c })),
      ],
    },
    {
      name: "begins",
      label: "Begins",
      hint: "At once, when left empty",
      kind: "moment",
      half: true,
    },
    {
      name: "ends",
      label: "Ends",
      hint: "In your time zone",
      kind: "moment",
      half: true,
      check: (v, all) => {
        const ends = new Date(v).getTime();
        if (v === "" || Number.isNaN(ends)) return "Say when it ends.";
        if (ends <= begun(all, now).getTime()) return "Must be after it begins.";
        return null;
      },
      quick: (v) => {
        const from = begun(v, now);
        return presets(Number.isNaN(from.getTime()) ? now : from);
      },
    },
  ];
}

/** What is written, as the API takes it. */
export function declared(v: Values): Schemas["DeclareFreeze"] {
  const [, kind, id] = /^(team|component) (.+)$/.exec(v.scope ?? "") ?? [];
  return {
    name: (v.name ?? "").trim(),
    reason: (v.reason ?? "").trim(),
    ends: new Date(v.ends ?? "").toISOString(),
    ...(v.begins ? { begins: new Date(v.begins).toISOString() } : {}),
    ...(kind && id ? { [kind]: id } : {}),
  };
}

const day = 86_400_000;

/** The weeks that the strip shows, each from Monday to Monday, in the reader's zone. */
export function weeks(now: number, before: number, count: number): number[] {
  const today = new Date(now);
  const monday = today.getDate() - ((today.getDay() + 6) % 7) - 7 * before;
  return Array.from({ length: count + 1 }, (_, i) =>
    new Date(today.getFullYear(), today.getMonth(), monday + 7 * i).getTime(),
  );
}

/** A freeze on the strip, in parts of its width; what was lifted has the rest that did not come. */
export interface Bar {
  freeze: Freeze;
  from: number;
  to: number;
  /** up to where it was meant to go */
  meant: number;
}

/** The freezes that touch the weeks, the earliest first. */
export function bars(list: readonly Freeze[], edges: readonly number[]): Bar[] {
  const first = edges[0] ?? 0;
  const last = edges.at(-1) ?? first + day;
  const part = (at: number) => Math.min(1, Math.max(0, (at - first) / (last - first)));
  return list
    .map((freeze) => ({
      freeze,
      from: part(millis(freeze.begins)),
      to: part(Math.max(endOf(freeze), millis(freeze.begins))),
      meant: part(millis(freeze.ends)),
    }))
    .filter((b) => b.meant > 0 && b.from < 1)
    .sort((a, b) => millis(a.freeze.begins) - millis(b.freeze.begins));
}
