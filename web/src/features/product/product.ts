import type { Schemas } from "~/api/ask";
import { ask, askPages } from "~/api/ask";
import type { Unit } from "~/lib/number";
import type { Said } from "~/object/states";
import type { FormField, Values } from "~/ui/form";
import { given, numberOf, textOf } from "~/ui/form";

export type Product = Schemas["Product"];
export type Feature = Schemas["Feature"];
export type KeyResult = Schemas["KeyResult"];
export type Initiative = Schemas["Initiative"];
export type Effect = Schemas["MeasuredEffect"];
export type FeatureState = Feature["state"];

// What moves a feature or its numbers without being about the feature itself.
const kinds = ["product", "feature", "item", "effect", "rollout"];

export const productsQuery = askPages("/api/v1/products", { query: { limit: 200 }, kinds });

export function productQuery(id: string) {
  return ask("/api/v1/products/{id}", { path: { id }, kinds });
}

export function featureQuery(id: string) {
  return ask("/api/v1/features/{id}", { path: { id }, kinds });
}

/** Where the names of key results and initiatives come from. */
export const namesQuery = ask("/api/v1/portfolio", {
  kinds: ["vision", "objective", "key-result", "initiative"],
});

export function keyResultOf(
  board: Schemas["Portfolio"] | undefined,
  id: string | undefined,
): KeyResult | undefined {
  if (!id) return undefined;
  for (const o of board?.objectives ?? []) {
    const found = o.keyResults.find((k) => k.id === id);
    if (found) return found;
  }
  return undefined;
}

/** The states of a feature in the order that a product manager reads them: what is being built comes first. */
export const groups: readonly { state: FeatureState; name: string; empty: string }[] = [
  { state: "building", name: "Building", empty: "Nothing is being built." },
  { state: "planned", name: "Planned", empty: "Nothing is planned." },
  { state: "released", name: "Released", empty: "Nothing was released yet." },
];

export function featureState(state: FeatureState): Said {
  const states = { planned: "waiting", building: "running", released: "done" } as const;
  return { state: states[state], label: state };
}

/** What the rollouts of a feature did to its key result, together. */
export interface Outcome {
  estimate: number;
  low: number | null;
  high: number | null;
  /** confidence that the interval covers, at least */
  level: number;
  grade: Effect["grade"];
  units: number;
  rollouts: number;
  unit: Unit;
  /** false when the key result counts something else than shares, so that the prediction cannot stand beside it */
  comparable: boolean;
}

/**
 * Adds up what promoted rollouts did to the key result that the feature should move, by the rule of the server for
 * initiatives (internal/portfolio, result): each rollout is measured against the version before, so effects add up; the
 * sum of their intervals covers with 1 minus the sum of their error probabilities (Bonferroni); grades are not mixed.
 */
export function outcome(f: Pick<Feature, "effects" | "keyResult">, k: KeyResult | undefined): Outcome | null {
  const kept = new Map<string, Effect>();
  for (const e of f.effects) {
    if (e.kept === "promoted" && e.grade <= "B" && e.keyResult === f.keyResult) kept.set(e.rollout, e);
  }
  const grade = [...kept.values()].map((e) => e.grade).sort()[0];
  if (grade === undefined) return null;
  const best = [...kept.values()].filter((e) => e.grade === grade);
  const sum = (of: (e: Effect) => number) => best.reduce((s, e) => s + of(e), 0);
  const level = 1 - sum((e) => 1 - e.level);
  const { unit, factor, comparable } = shareUnit(k?.unit);
  const known = level >= 0.5; // under a half an interval says nothing
  return {
    estimate: sum((e) => e.estimate) * factor,
    low: known ? sum((e) => e.low) * factor : null,
    high: known ? sum((e) => e.high) * factor : null,
    level,
    grade,
    units: sum((e) => e.units),
    rollouts: best.length,
    unit,
    comparable,
  };
}

// A share of units in the unit of a key result. A difference of per cents is in percentage points.
function shareUnit(unit: string | undefined): { unit: Unit; factor: number; comparable: boolean } {
  if (unit === "%" || unit === "percent") return { unit: { unit: "pp" }, factor: 100, comparable: true };
  if (unit === "" || unit === "share" || unit === "ratio")
    return { unit: "points", factor: 1, comparable: true };
  return { unit: "points", factor: 1, comparable: false };
}

/** The unit of a change of a key result: a change of a per cent is in percentage points. */
export function changeUnit(unit: string | undefined): Unit {
  const share = shareUnit(unit);
  return share.comparable ? share.unit : { unit: unit ?? "" };
}

/** Which way a key result should go. */
export function better(k: KeyResult | undefined): "higher" | "lower" {
  return k && k.target < k.baseline ? "lower" : "higher";
}

export type Way = "up" | "down";

/** The neighbour that a feature changes places with among those shown, or undefined at the end. */
export function neighbour(shown: readonly Feature[], id: string, way: Way): Feature | undefined {
  const at = shown.findIndex((f) => f.id === id);
  return at < 0 ? undefined : shown[at + (way === "up" ? -1 : 1)];
}

/** The body that moves a feature past a neighbour and changes nothing else. */
export function moveBody(f: Feature, past: Feature, way: Way): Schemas["ChangeFeature"] {
  const { title, hypothesis, keyResult, predicted, version } = f;
  return {
    version,
    title,
    ...(hypothesis ? { hypothesis } : {}),
    ...(keyResult ? { keyResult } : {}),
    ...(predicted === undefined ? {} : { predicted }),
    ...(way === "up" ? { before: past.id } : { after: past.id }),
  };
}

/** A feature as the conflict of the API carries it; undefined for anything else. */
export function readFeature(v: unknown): Feature | undefined {
  const f = v as Partial<Feature> | null;
  return typeof f === "object" && f !== null && typeof f.version === "number" && typeof f.title === "string"
    ? (f as Feature)
    : undefined;
}

export function readProduct(v: unknown): Product | undefined {
  const p = v as Partial<Product> | null;
  return typeof p === "object" && p !== null && typeof p.version === "number" && typeof p.name === "string"
    ? (p as Product)
    : undefined;
}

/** The fields of a feature's form; a new one says which initiative it belongs to, for ever. */
export function featureFields(board: Schemas["Portfolio"] | undefined, fresh: boolean): FormField[] {
  const results = (board?.objectives ?? []).flatMap((o) =>
    o.keyResults.map((k) => ({ value: k.id, label: `${k.title} (${o.title})` })),
  );
  const bets = (board?.initiatives ?? [])
    .filter((i) => i.state !== "done")
    .map((i) => ({ value: i.id, label: i.title }));
  return [
    { name: "title", label: "Title", placeholder: "New engine", check: given("Say what customers get.") },
    {
      name: "hypothesis",
      label: "Benefit hypothesis",
      kind: "text",
      hint: "Why it should move the key result.",
      placeholder: "More torque lets heavy missions finish",
    },
    ...(fresh
      ? [
          {
            name: "initiative",
            label: "Initiative",
            kind: "pick" as const,
            hint: "It stays with it.",
            options: [{ value: "", label: "Choose one" }, ...bets],
            check: given("Choose the initiative that it belongs to."),
          },
        ]
      : []),
    {
      name: "keyResult",
      label: "Key result it should move",
      kind: "pick",
      options: [{ value: "", label: "That of the initiative" }, ...results],
    },
    {
      name: "predicted",
      label: "Predicted change",
      kind: "number",
      half: true,
      hint: "In the key result's unit.",
      placeholder: "20",
    },
  ];
}

export function featureValues(f: Feature): Values {
  return {
    title: f.title,
    hypothesis: f.hypothesis ?? "",
    keyResult: f.keyResult ?? "",
    predicted: f.predicted === undefined ? "" : String(f.predicted),
  };
}

export function featureBody(v: Values): Omit<Schemas["ChangeFeature"], "version"> {
  const hypothesis = textOf(v.hypothesis);
  const keyResult = textOf(v.keyResult);
  const predicted = numberOf(v.predicted);
  return {
    title: (v.title ?? "").trim(),
    ...(hypothesis === undefined ? {} : { hypothesis }),
    ...(keyResult === undefined ? {} : { keyResult }),
    ...(predicted === undefined ? {} : { predicted }),
  };
}

/** A slug made of a name, as the API wants it. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .normalize("NFD")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}
