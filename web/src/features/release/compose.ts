import { ask, type Schemas } from "~/api/ask";
import type { State } from "~/ui/state";

export type Rollout = Schemas["Rollout"];
export type Answer = Schemas["ReleaseAnswer"];
export type Link = Answer["links"][number];
type Part = Answer["parts"][number];
export type Live = Pick<Schemas["Environment"], "component" | "release" | "artifact" | "environment">;

/** What stands around the versions. */
export interface Around {
  /** what runs where */
  live: readonly Live[];
  /** artifacts that are marked bad: nothing applies them until a person clears them */
  bad: readonly string[];
}

const mostParts = 50;

/** A version as the API names it: "engine-controller@43". */
export function named(v: { component: string; release: string }): string {
  return `${v.component}@${v.release}`;
}

/** The same for people: "engine-controller 43". */
export function spoken(part: string): string {
  return part.replace("@", " ");
}

export function componentOf(part: string): string {
  return part.split("@", 1)[0] ?? part;
}

/** The parts that an address names, in their order; what names no version is left out, and so is a second of a component. */
export function partsIn(text = ""): string[] {
  const parts: string[] = [];
  for (const part of text.split(",").map((p) => p.trim())) {
    if (!/^[^@]+@[^@]+$/.test(part) || parts.length === mostParts) continue;
    if (!parts.some((p) => componentOf(p) === componentOf(part))) parts.push(part);
  }
  return parts;
}

/** The parts with one more; another version of its component makes room for it, where that stood. */
export function withPart(parts: readonly string[], part: string): string[] {
  const same = (p: string) => componentOf(p) === componentOf(part);
  return parts.some(same) ? parts.map((p) => (same(p) ? part : p)) : [...parts, part];
}

/** The parts with one moved to another place; as they are when there is no such place. */
export function moved(parts: readonly string[], from: number, to: number): readonly string[] {
  const part = parts[from];
  if (part === undefined || to < 0 || to >= parts.length) return parts;
  const rest = parts.toSpliced(from, 1);
  return rest.toSpliced(to, 0, part);
}

/** Each version once, by its newest rollout, the newest first. */
export function versionsOf(...lists: (readonly Rollout[] | undefined)[]): Rollout[] {
  const newest = new Map<string, Rollout>();
  for (const r of lists.flatMap((l) => l ?? [])) {
    const had = newest.get(named(r));
    if (!had || had.id < r.id) newest.set(named(r), r);
  }
  return [...newest.values()].sort((a, b) => (a.id < b.id ? 1 : -1)); // identifiers are in the order of time
}

/** Why a version cannot become a part of a release now; undefined when it can. */
export function whyNot(v: Rollout, { live, bad }: Around): string | undefined {
  if (live.some((e) => e.environment === "production" && e.artifact === v.artifact))
    return "production runs it already";
  if (bad.includes(v.artifact)) return "marked bad";
  if (["promoted", "rolled_back", "failed", "superseded"].includes(v.phase)) return undefined;
  if (v.releaseId) return "a part of another release already";
  return v.phase === "queued" ? undefined : "being rolled out already";
}

const wordsOf = (typed: string) =>
  typed
    .toLowerCase()
    .split(/[\s@]+/)
    .filter(Boolean);

/**
 * The versions that what is typed means: before others those whose change is called so, then those whose number is typed,
 * then those of a component that is typed, then those that wait for their turn.
 */
export function meant(versions: readonly Rollout[], typed: string): Rollout[] {
  const words = wordsOf(typed);
  const rank = (v: Rollout) =>
    (words.length > 1 && v.title.toLowerCase().includes(words.join(" ")) ? 0 : 8) +
    (words.includes(v.release) ? 0 : 4) +
    (words.some((w) => v.component.includes(w)) ? 0 : 2) +
    (v.phase === "queued" && !v.releaseId ? 0 : 1);
  return versions
    .filter((v) => {
      const text = [v.component, v.title, v.team, ...v.items].join(" ").toLowerCase();
      return words.every((w) => text.includes(w) || v.release.startsWith(w));
    })
    .sort((a, b) => rank(a) - rank(b));
}

/** What a version does to the one that production runs; empty when there is none. */
export function instead(v: Pick<Rollout, "component" | "release">, live: readonly Live[]): string {
  const now = live.find((e) => e.environment === "production" && e.component === v.component)?.release;
  if (now === undefined || now === v.release) return "";
  return Number(v.release) < Number(now) ? `goes back from ${now}` : `replaces ${now}`;
}

/** The components whose versions what is typed may mean, the best few. */
export function componentsMeant(names: readonly string[], typed: string): string[] {
  const words = wordsOf(typed).filter((w) => w.length > 1);
  const rank = (n: string) => (words.includes(n) ? 0 : words.some((w) => n.startsWith(w)) ? 1 : 2);
  return names
    .filter((n) => words.some((w) => n.includes(w)))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, 4);
}

/** What the solver's answer means for the parts that a person has picked. */
export interface Reading {
  state: State;
  headline: string;
  /** they go as they are, in whichever order */
  ready: boolean;
  /** what has to go along, with why */
  missing: { part: string; because: string }[];
  /** picked, but production runs it already */
  live: string[];
  /** the parts so that what provides goes before what requires it, when they do not stand so */
  order?: string[];
}

/** Reads an answer about exactly these parts. */
export function read(a: Answer, parts: readonly string[]): Reading {
  const one = parts.length === 1;
  const said = (state: State, headline: string, more: Partial<Reading> = {}): Reading => ({
    state,
    headline,
    ready: more.order !== undefined || state === "done",
    missing: [],
    live: [],
    ...more,
  });
  if (!a.works) return said("failed", one ? "It cannot go as things are" : "They do not go together");
  const solved = a.parts.map(named);
  const live = parts.filter((p) => !solved.includes(p));
  const missing = a.parts
    .filter((p) => !parts.includes(named(p)))
    .map((p) => ({ part: named(p), because: because(p, a.links) }));
  const more = { live, missing };
  if (live.length > 0) return said("held", `Production runs ${live.map(spoken).join(" and ")} already`, more);
  if (missing.length > 0) {
    const n = missing.length;
    return said("held", n === 1 ? "One more version has to go along" : `${n} more have to go along`, more);
  }
  if (one) return said("done", "It goes by itself");
  const order = better(a, parts);
  if (order) return said("held", "They go together, but not well in this order", { order });
  return said("done", "They go together");
}

function because(p: Part, links: readonly Link[]): string {
  const asked = links.find((l) => l.by === p.component && l.byRelease === p.release);
  if (asked)
    return `${asked.component} ${asked.release} requires ${asked.name} ${asked.constraint}, which it provides.`;
  const asks = links.find((l) => l.component === p.component && l.by && l.by !== p.component);
  if (asks)
    return `It takes ${asks.name} ${asks.provides ?? ""} of ${asks.by} ${asks.byRelease ?? ""}; what runs of it now does not.`;
  return "The others do not go without it.";
}

// The solver's order, when a part would go before one that provides what it requires.
function better(a: Answer, parts: readonly string[]): string[] | undefined {
  const at = (component: string | undefined) => parts.findIndex((p) => componentOf(p) === component);
  const late = a.links.some((l) => at(l.component) >= 0 && at(l.by) > at(l.component));
  const order = a.parts.map(named);
  return late && order.join() !== parts.join() ? order : undefined;
}

/** The parts with one that has to go along, at the place that the solver gives it among them. */
export function along(a: Answer, parts: readonly string[], part: string): string[] {
  const order = a.parts.map(named);
  const after = order.slice(order.indexOf(part) + 1);
  const at = parts.findIndex((p) => after.includes(p));
  return parts.toSpliced(at < 0 ? parts.length : at, 0, part);
}

/** Why this person may not release these versions, who is meant to ask whom; undefined when they may. */
export function notYours(
  me: { roles: readonly string[]; teams: readonly string[] },
  picked: readonly Pick<Rollout, "component" | "release" | "team">[],
): { text: string; next: string } | undefined {
  if (me.roles.includes("platform")) return undefined;
  const others = picked.filter((v) => !(me.roles.includes("member") && me.teams.includes(v.team)));
  const teams = [...new Set(others.map((v) => v.team))];
  if (teams.length === 0) return undefined;
  const whose = others.map((v) => `${spoken(named(v))} belongs to team ${v.team}`).join(" and ");
  return {
    text: `${whose}: releasing ${others.length === 1 ? "it" : "them"} needs membership of ${teams.length === 1 ? "that team" : "each of these teams"} or the role platform.`,
    next: `Ask a member of team ${teams.join(" and of team ")} to add you, or send them this page: its address holds the parts.`,
  };
}

/** What is wrong before anything is sent. What the solver has not said yet, the API says. */
export function check(
  parts: readonly string[],
  { reason, name }: { reason: string; name: string },
  said: Pick<Reading, "ready"> | undefined,
): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (parts.length < 2) wrong.parts = "A release has two parts or more.";
  else if (said && !said.ready) wrong.parts = "As they are they do not go together; read why beside it.";
  if (reason.trim() === "") wrong.reason = "Say in a few words why.";
  if (name.trim().length > 200) wrong.name = "At most 200 characters.";
  return wrong;
}

/** The API's words at the field, or at the part, that they are about. */
export function placed(
  said: Record<string, string>,
  parts: readonly string[],
): { here: Record<string, string>; elsewhere: boolean } {
  const here: Record<string, string> = {};
  let elsewhere = false;
  for (const [at, text] of Object.entries(said)) {
    const part = parts[Number(/^parts\[(\d+)\]$/.exec(at)?.[1] ?? Number.NaN)];
    if (part) here[part] = text;
    else if (["parts", "reason", "name"].includes(at)) here[at] = text;
    else elsewhere = true;
  }
  return { here, elsewhere };
}

/** What a release of these parts will do, in the order in which it does it. */
export function will(parts: readonly string[], waiting: string | undefined): string[] {
  return [
    ...(waiting ? [`wait for ${waiting}`] : []),
    `prove ${parts.map(spoken).join(", then ")} in staging and start them in production, in this order`,
    "move the same customers to all of them at the same moment, more as the evidence of every part allows it",
    "take all of them back, the last first, if one does harm",
  ];
}

const said = 200; // of a list, newest first

export function versionsQuery(query: { component?: string; phase?: "queued" } = {}) {
  return ask("/api/v1/rollouts", { query: { ...query, limit: said }, kinds: ["rollout", "artifact"] });
}

export function artifactsQuery(query: { component?: string } = {}) {
  return ask("/api/v1/artifacts", { query: { ...query, limit: said }, kinds: ["artifact"] });
}

export const liveQuery = ask("/api/v1/environments", { kinds: ["rollout", "deployment"] });

/** Whether versions go together and what has to go along. Their order makes no difference to it. */
export function solveQuery(parts: readonly string[]) {
  return ask("/api/v1/releases/solve", {
    query: { part: [...parts].sort() },
    kinds: ["rollout", "release", "artifact", "deployment"],
  });
}
