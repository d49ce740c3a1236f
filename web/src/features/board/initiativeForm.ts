import type { Schemas } from "~/api/ask";
import { type FormField, given, linesOf, numberOf, textOf, type Values } from "~/ui/form";
import type { Initiative } from "./board";

const points = [1, 2, 3, 5, 8, 13, 20];
const scale = [
  { value: "", label: "not scored" },
  ...points.map((p) => ({ value: String(p), label: String(p) })),
];

const hypothesis = [
  ["for", "For", "logistics companies"],
  ["who", "who", "deliver heavy goods to places without roads"],
  ["the", "the", "heavy-lift drone"],
  ["isA", "is a", "delivery drone"],
  ["that", "that", "carries more than 10 kg"],
  ["unlike", "Unlike", "helicopters"],
  ["ourSolution", "our solution", "needs no pilot and costs a tenth"],
] as const;

const scores = [
  ["userBusinessValue", "User and business value"],
  ["timeCriticality", "Time criticality"],
  ["riskReduction", "Risk reduction, opportunity"],
  ["jobSize", "Job size"],
] as const;

/** The fields of a first proposal: the gates ask for the rest when it is needed. */
export function proposalFields(objectives: readonly Schemas["Objective"][]): FormField[] {
  return [
    {
      name: "title",
      label: "Title",
      placeholder: "Heavy-lift drone",
      check: given("Give it a title."),
    },
    {
      name: "objective",
      label: "Objective it serves",
      kind: "pick",
      half: true,
      options: objectives.map((o) => ({ value: o.id, label: o.title })),
      check: given("Choose the objective it serves."),
    },
    { name: "owner", label: "Epic owner", half: true, placeholder: "Mara Holt" },
    {
      name: "businessOutcome",
      label: "Business outcome",
      kind: "text",
      hint: "What will be true if it works, measurably.",
    },
  ];
}

/** All that is said about an initiative. */
export function initiativeFields(keyResults: readonly Schemas["KeyResult"][]): FormField[] {
  return [
    { name: "title", label: "Title", half: true, check: given("Give it a title.") },
    { name: "owner", label: "Epic owner", half: true },
    {
      name: "keyResult",
      label: "Key result it should move",
      kind: "pick",
      half: true,
      options: [
        { value: "", label: "none chosen" },
        ...keyResults.map((k) => ({ value: k.id, label: k.title })),
      ],
    },
    {
      name: "predicted",
      label: "Predicted change of it",
      kind: "number",
      half: true,
      hint: "In the key result's unit.",
    },
    ...hypothesis.map(
      ([name, label, placeholder], i): FormField => ({
        name: `hypothesis.${name}`,
        label,
        placeholder,
        half: name !== "ourSolution",
        ...(i === 0 ? { group: "Hypothesis" } : {}),
      }),
    ),
    {
      name: "businessOutcome",
      label: "Business outcome",
      kind: "text",
      hint: "What will be true if it works, measurably.",
    },
    {
      name: "mvp",
      label: "Smallest thing that tests it (MVP)",
      kind: "text",
    },
    {
      name: "leadingIndicators",
      label: "Leading indicators",
      kind: "lines",
      half: true,
      hint: "One per line.",
    },
    {
      name: "nonFunctional",
      label: "Non-functional requirements",
      kind: "lines",
      half: true,
      hint: "One per line.",
    },
    {
      name: "scores.set",
      label: "Scored together with",
      placeholder: "2026-Q4",
      hint: "Scores compare only within one set.",
      group: "Weighted shortest job first",
    },
    ...scores.map(
      ([name, label]): FormField => ({
        name: `scores.${name}`,
        label,
        kind: "pick",
        half: true,
        options: scale,
        check: (v, all) =>
          v === "" && scores.some(([n]) => all[`scores.${n}`])
            ? "Score this too: a rank needs all four."
            : null,
      }),
    ),
    { name: "cost.amount", label: "Estimated cost", kind: "number", half: true, group: "Money" },
    {
      name: "cost.currency",
      label: "Currency",
      half: true,
      placeholder: "EUR",
      check: (v) => (v.trim() === "" || /^[A-Za-z]{3}$/.test(v.trim()) ? null : "Three letters, as in EUR."),
    },
    { name: "budget.amount", label: "Budget", kind: "number", half: true },
    {
      name: "dayRate.amount",
      label: "Cost of one item in work for one day",
      kind: "number",
      half: true,
    },
  ];
}

/** An initiative as a form holds it. */
export function initiativeValues(i: Partial<Initiative>): Values {
  const text = (v: number | undefined) => (v === undefined ? "" : String(v));
  return {
    title: i.title ?? "",
    objective: i.objective ?? "",
    owner: i.owner ?? "",
    keyResult: i.keyResult ?? "",
    predicted: text(i.predicted),
    ...Object.fromEntries(hypothesis.map(([n]) => [`hypothesis.${n}`, i.hypothesis?.[n] ?? ""])),
    businessOutcome: i.businessOutcome ?? "",
    mvp: i.mvp ?? "",
    leadingIndicators: (i.leadingIndicators ?? []).join("\n"),
    nonFunctional: (i.nonFunctional ?? []).join("\n"),
    "scores.set": i.scores?.set ?? "",
    ...Object.fromEntries(scores.map(([n]) => [`scores.${n}`, text(i.scores?.[n])])),
    "cost.amount": text(i.cost?.amount),
    "cost.currency": i.cost?.currency ?? i.budget?.currency ?? i.dayRate?.currency ?? "",
    "budget.amount": text(i.budget?.amount),
    "dayRate.amount": text(i.dayRate?.amount),
  };
}

/** What a form says as the API takes it; what is empty is left out. */
export function initiativeBody(v: Values): Omit<Schemas["ChangeInitiative"], "version"> {
  const h = Object.fromEntries(hypothesis.map(([n]) => [n, textOf(v[`hypothesis.${n}`])]));
  const anySaid = Object.values(h).some((x) => x !== undefined);
  const currency = (textOf(v["cost.currency"]) ?? "EUR").toUpperCase();
  const money = (name: string) => {
    const amount = numberOf(v[name]);
    return amount === undefined ? undefined : { amount: Math.round(amount), currency };
  };
  return clean({
    title: (v.title ?? "").trim(),
    owner: textOf(v.owner),
    keyResult: textOf(v.keyResult),
    predicted: numberOf(v.predicted),
    hypothesis: anySaid ? (clean(h) as Schemas["Hypothesis"]) : undefined,
    businessOutcome: textOf(v.businessOutcome),
    mvp: textOf(v.mvp),
    leadingIndicators: some(linesOf(v.leadingIndicators)),
    nonFunctional: some(linesOf(v.nonFunctional)),
    scores: scoresOf(v),
    cost: money("cost.amount"),
    budget: money("budget.amount"),
    dayRate: money("dayRate.amount"),
  });
}

// Scores are sent as soon as one is there, so that the API says which are missing.
function scoresOf(v: Values): Schemas["Scores"] | undefined {
  const given = scores.map(([n]) => numberOf(v[`scores.${n}`]));
  if (given.every((n) => n === undefined)) return undefined;
  return {
    set: (v["scores.set"] ?? "").trim(),
    ...Object.fromEntries(scores.map(([n], i) => [n, given[i] ?? 0])),
  } as Schemas["Scores"];
}

function some<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function clean<T extends object>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, value]) => value !== undefined)) as T;
}
