import type { Schemas } from "~/api/ask";
import { ask, askPages } from "~/api/ask";
import { asProblem } from "~/api/problem";
import { format } from "~/lib/number";

export type Unit = Schemas["Unit"];
export type Cohort = Schemas["Cohort"];

/** A fact about units tells only how many: whatever is known of any of them is asked for again. */
const kinds = ["units"];

export function unitsQuery(where: string) {
  return askPages("/api/v1/units", { query: { ...(where ? { where } : {}), limit: 50 }, kinds });
}

/** A few units, from which one sees what is known of them. */
export const sampleQuery = ask("/api/v1/units", { query: { limit: 200 }, kinds });

export interface CohortAsk {
  where: string;
  rank: string;
  take: number;
}

export function cohortQuery({ where, rank, take }: CohortAsk) {
  const query = { ...(where ? { where } : {}), ...(rank ? { rank } : {}), ...(take > 0 ? { take } : {}) };
  return ask("/api/v1/units/cohort", { query, kinds });
}

/** How many a cohort takes, from what is written; 0 for all. */
export function takeOf(text: string | undefined): number {
  const n = Number((text ?? "").replaceAll(/[\s\u2009]/g, ""));
  return Number.isInteger(n) && n > 0 ? n : 0;
}

/** What is wrong with a condition and, where the API says so, at which of its characters. */
export interface ConditionFault {
  text: string;
  /** the condition that it is about, cut around the place */
  before?: string;
  here?: string;
  after?: string;
}

export function conditionFault(error: unknown, where: string): ConditionFault | undefined {
  const p = asProblem(error);
  if (p.kind !== "invalid" || where === "") return undefined;
  const [, said, at] = /is no condition: ([\s\S]*), at character (\d+)$/.exec(p.text) ?? [];
  if (said === undefined) {
    const plain = /does not say yes or no, (but gives .*)$/.exec(p.text);
    return { text: plain ? `It does not say yes or no, ${plain[1]}.` : p.text };
  }
  const letters = Array.from(where);
  const index = Math.min(Math.max(Number(at) - 1, 0), letters.length);
  return {
    text: `${plainly(said)}, at character ${at}.`,
    before: letters.slice(0, index).join(""),
    here: letters[index] ?? " ",
    after: letters.slice(index + 1).join(""),
  };
}

// What a parser says is for those who made its grammar; the place is shown beside it.
function plainly(said: string): string {
  const words = said
    .replace(/^Syntax error: /, "")
    .replace(/ expecting .*$/s, "")
    .replace(/ \(in container '.*'\)/, "")
    .replace("mismatched input '<EOF>'", "something is missing at the end")
    .replace("no viable alternative at input", "does not go on so:")
    .replace("mismatched input", "did not expect")
    .replace("extraneous input", "did not expect")
    .replace("token recognition error at:", "does not know")
    .replace("undeclared reference to", "there is no");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** An attribute that some units have, and a condition that finds some of them by it. */
export interface Known {
  name: string;
  kind: "text" | "number" | "flag";
  /** values in words: "de, at", "97 to 99.5" */
  values: string;
  condition: string;
}

/** What is known of units, the attributes that most of them have first. */
export function attributesOf(list: readonly Pick<Unit, "attributes">[]): Known[] {
  const seen = new Map<string, unknown[]>();
  for (const u of list)
    for (const [name, v] of Object.entries(u.attributes)) seen.set(name, [...(seen.get(name) ?? []), v]);
  return [...seen]
    .sort(([a, va], [b, vb]) => vb.length - va.length || a.localeCompare(b))
    .map(([name, values]) => known(name, values));
}

function known(name: string, values: readonly unknown[]): Known {
  const at = `unit.${name}`;
  if (values.every((v) => typeof v === "number")) {
    const sorted = [...values].sort((a, b) => a - b);
    const [low = 0, middle = 0, high = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    const words = (n: number) => format(n, { unit: "" });
    return {
      name,
      kind: "number",
      values: low === high ? words(low) : `${words(low)} to ${words(high)}`,
      condition: `${at} >= ${middle}`,
    };
  }
  if (values.every((v) => typeof v === "boolean"))
    return { name, kind: "flag", values: "true or false", condition: at };
  const counts = new Map<string, number>();
  for (const v of values) counts.set(String(v), (counts.get(String(v)) ?? 0) + 1);
  const often = [...counts].sort((a, b) => b[1] - a[1]).map(([v]) => v);
  const more = often.length > 3 ? ` and ${often.length - 3} more` : "";
  return {
    name,
    kind: "text",
    values: often.slice(0, 3).join(", ") + more,
    condition: `${at} == ${JSON.stringify(often[0] ?? "")}`,
  };
}

/** A condition with another that must hold too. */
export function narrowed(where: string, by: string): string {
  const now = where.trim();
  if (now === "") return by;
  return /\|\|/.test(now) && !/^\(.*\)$/.test(now) ? `(${now}) && ${by}` : `${now} && ${by}`;
}

/** The lines for .factory/component.yaml that make this cohort go first. */
export function cohortYAML({ where, rank, take }: CohortAsk): string {
  const of = [
    where.trim() && `where: '${where.trim().replaceAll("'", "''")}'`,
    rank && `rank: ${rank}`,
    take > 0 && `take: ${take}`,
  ].filter(Boolean);
  return [
    "rollout:",
    "  stages:",
    "    - share: 0.5",
    ...(of.length > 0 ? ["      cohort:", ...of.map((line) => `        ${line}`)] : []),
    "    - 0.05",
    "    - 0.25",
    "    - 1",
  ].join("\n");
}

/** Who a cohort is, in words. */
export function inWords(c: Cohort, { where, rank, take }: CohortAsk): string {
  const all = format(c.known, "count");
  if (c.known === 0) return "Nothing is known of any unit yet.";
  if (c.units === 0)
    return where || rank
      ? `None of the ${all} known units match: a rollout with this cohort would be refused before production.`
      : `None of the ${all} known units take part.`;
  const n = format(c.units, "count");
  if (c.units === c.known) return `All ${all} known units take part.`;
  if (take > 0 && c.matching > c.units) {
    const how = rank ? `those with the highest ${rank}` : "by chance";
    return `${n} units take part, ${how}, of ${format(c.matching, "count")} that match and ${all} that are known.`;
  }
  const few = take > c.units ? ` That is fewer than the ${format(take, "count")} asked for.` : "";
  return `${n} of ${all} known units take part.${few}`;
}
