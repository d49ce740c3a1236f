import type { Schemas } from "~/api/ask";
import type { Me } from "~/api/session";
import { format, type Unit } from "~/lib/number";
import { duration } from "~/lib/time";

type Floor = Schemas["Floor"];
type Outcome = Schemas["FloorOutcome"];
export type StationId = Schemas["FloorStation"]["id"];

/** What the picture says of a station beside its numbers. */
export interface Room {
  href: string;
  /** what stands there, for who sees it for the first time */
  about: string;
  /** what the numbers count, as short as a column needs it; the API says it at length */
  work: Noun;
  finished: Noun;
}

/** A word for any number, or one for one and one for any other. */
type Noun = string | readonly [one: string, many: string];

/** The word that stands behind a number. */
export function noun(words: Noun, n: number): string {
  return typeof words === "string" ? words : words[n === 1 ? 0 : 1];
}

/** The stations in the order of the stream. */
export const rooms: Record<StationId, Room> = {
  vision: {
    href: "/board",
    about: "Why the company exists, and how it will know",
    work: ["open key result", "open key results"],
    finished: "reached",
  },
  initiatives: {
    href: "/board?view=board",
    about: "Bets, each with a price and a hypothesis",
    work: "in work",
    finished: "done",
  },
  features: {
    href: "/products",
    about: "Parts of products that should move a key result",
    work: "in work",
    finished: "released",
  },
  items: { href: "/teams", about: "Work on the boards of teams", work: "in work", finished: "done" },
  changes: {
    href: "/delivery",
    about: "Commits on their way to production",
    work: "not live yet",
    finished: "live",
  },
  runs: {
    href: "/delivery?view=runs",
    about: "Built, tested, signed",
    work: "running",
    finished: "succeeded",
  },
  releases: {
    href: "/delivery?view=rollouts",
    about: "Decided by evidence, step by step",
    work: "rolling out",
    finished: "promoted",
  },
  customers: {
    href: "/platform",
    about: "What they use, and what they do with it",
    work: ["component", "components"],
    finished: ["release", "releases"],
  },
};

/** Which facts pass along which ribbon, counted from the one after the vision; the last is the way back. */
const passing: Record<string, number> = {
  "initiative.created": 0,
  "feature.created": 1,
  "item.created": 2,
  "commits.pushed": 3,
  "run.queued": 4,
  "rollout.started": 5,
  "rollout.finished": 6,
  "effect.measured": 7,
  "key-result.measured": 7,
};

/** The ribbon that a fact passes along, or undefined. */
export function ribbonOf(kind: string): number | undefined {
  return passing[kind];
}

/** The kind of facts that a ribbon counts, for the way to the events behind it. */
export function kindOf(ribbon: number): string {
  return Object.entries(passing).find(([, at]) => at === ribbon)?.[0] ?? "";
}

/** True when nothing has ever passed: the picture is an invitation. */
export function isEmpty(floor: Floor): boolean {
  return floor.stations.every((s) => s.inWork + s.waiting + s.week === 0 && !s.text);
}

/** The unit of a key result as numbers are written. */
export function unitOf(word: string): Unit {
  return { unit: word };
}

/** The way from the baseline to the target, 0..1, or null while nothing is measured. */
export function wayOf(o: Pick<Outcome, "value" | "baseline" | "target" | "score">): number | null {
  if (o.value === undefined) return null;
  if (o.score !== undefined) return Math.min(Math.max(o.score, 0), 1);
  return Math.min(Math.max((o.value - o.baseline) / (o.target - o.baseline), 0), 1);
}

/** The floor in sentences: what it is measured by, what is in work, what has arrived. */
export function sentences(floor: Floor): string[] {
  const at = (id: StationId) => floor.stations.find((s) => s.id === id);
  const said: string[] = [];
  const measured = floor.outcomes.filter((o) => o.value !== undefined);
  const first = measured[0] ?? floor.outcomes[0];
  if (first) {
    const unit = unitOf(first.unit);
    const target = format(first.target, unit);
    said.push(
      first.value === undefined
        ? `${first.title}: not measured yet, ${target} is the target.`
        : wayOf(first) === 1
          ? `${first.title}: ${format(first.value, unit)}, the target of ${target} is reached.`
          : `${first.title}: ${format(first.value, unit)} on the way to ${target}.`,
    );
  }
  const work = (
    [
      ["initiatives", "initiative", "initiatives"],
      ["features", "feature", "features"],
      ["items", "item", "items"],
    ] as const
  ).flatMap(([id, one, many]) => {
    const n = at(id)?.inWork ?? 0;
    return n > 0 ? [`${n} ${n === 1 ? one : many}`] : [];
  });
  if (work.length > 0) said.push(`${join(work)} in work.`);
  const live = at("releases")?.week ?? 0;
  if (live > 0) said.push(`${live} ${live === 1 ? "release" : "releases"} reached everybody in 7 days.`);
  return said;
}

/** Where it hurts: how much is stuck, and the one that has been so for longest. */
export function hurt(floor: Floor): { count: number; worst?: Schemas["FloorStuck"] } {
  const count = floor.stations.reduce((n, s) => n + s.stuckCount, 0);
  const all = floor.stations.flatMap((s) => s.stuck);
  const worst = [...all].sort((a, b) => Date.parse(a.since) - Date.parse(b.since))[0];
  return worst ? { count, worst } : { count };
}

/** What waits for somebody of these roles; what belongs to a team waits for its members only. */
export function mine(attention: Floor["attention"], me: Pick<Me, "roles" | "teams">): Floor["attention"] {
  return attention.filter((a) =>
    a.roles.some(
      (r) => me.roles.includes(r) && (r !== "member" || a.team === undefined || me.teams.includes(a.team)),
    ),
  );
}

/** An age in its greatest unit, as short as a card needs it: "3 d". */
export function shortAge(seconds: number): string {
  return (
    duration(Math.round(seconds))
      .match(/^\S+ \S+/)
      ?.at(0) ?? ""
  );
}

function join(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Something that moved, with how often it did: what moves again and again stands in the list once. */
export type Moved = Schemas["FloorMove"] & { times: number };

/** The moves with those of one object and kind folded into the newest of them. */
export function fold(moves: Floor["recent"]): Moved[] {
  const seen = new Map<string, Moved>();
  for (const m of moves) {
    const key = `${m.subject} ${m.kind}`;
    const first = seen.get(key);
    if (first) first.times++;
    else seen.set(key, { ...m, times: 1 });
  }
  return [...seen.values()];
}
