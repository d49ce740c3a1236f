import { ask, type Schemas } from "~/api/ask";
import { type FormField, given, type Values } from "~/ui/form";

export type Environment = Schemas["EnvironmentVariables"];
export type Variable = Schemas["Variable"];
type Workload = Pick<Schemas["Workload"], "environment" | "share" | "variables" | "artifact" | "release">;

export const variablesQuery = (component: string) =>
  ask("/api/v1/components/{component}/variables", { path: { component }, kinds: ["component", "variables"] });

/** A key with its value in each environment, as far as it is set there. */
export interface Row {
  key: string;
  staging: Variable | undefined;
  production: Variable | undefined;
  /** a secret that steps of the pipeline may name */
  pipeline: Variable | undefined;
  /** the newest of them */
  latest: Variable;
}

/** The variables of all environments, by key. */
export function rows(list: readonly Environment[]): Row[] {
  const of = (name: string) => list.find((e) => e.environment === name)?.variables ?? [];
  const staging = of("staging");
  const production = of("production");
  const pipeline = of("pipeline");
  const keys = [...new Set([...staging, ...production, ...pipeline].map((v) => v.key))].sort();
  return keys.flatMap((key) => {
    const named = (v: Variable) => v.key === key;
    const row = {
      key,
      staging: staging.find(named),
      production: production.find(named),
      pipeline: pipeline.find(named),
    };
    const [latest] = [row.production, row.staging, row.pipeline]
      .filter((v) => v !== undefined)
      .sort((a, b) => (a.changed < b.changed ? 1 : a.changed > b.changed ? -1 : 0));
    return latest ? [{ ...row, latest }] : [];
  });
}

/** What production runs with, where that is not the newest revision. */
export interface Behind {
  running: number;
  newest: number;
  artifact: string;
  version: string;
  /** a rollout is on its way, and both versions serve */
  underway: boolean;
}

export function behind(list: readonly Environment[], workloads: readonly Workload[]): Behind | undefined {
  const newest = list.find((e) => e.environment === "production")?.revision ?? 0;
  const all = workloads
    .filter((w) => w.environment === "production" && w.share > 0)
    .sort((a, b) => b.share - a.share);
  const serving = all[0];
  if (!serving || serving.variables === newest) return undefined;
  return {
    running: serving.variables,
    newest,
    artifact: serving.artifact,
    version: serving.release,
    underway: all.length > 1,
  };
}

const places = [
  { value: "both", label: "staging and production" },
  { value: "staging", label: "staging" },
  { value: "production", label: "production" },
  { value: "pipeline", label: "the pipeline: steps that name it" },
];

/** The form that sets a variable; one that is there already keeps its key. */
export function fields(key: string | undefined): FormField[] {
  const name: FormField = {
    name: "set[0].key",
    label: "Name",
    placeholder: "GUST_LIMIT",
    hint: "Capital letters, digits and _",
    check: (v) =>
      /^[A-Z][A-Z0-9_]*$/.test(v.trim())
        ? null
        : "Must be capital letters, digits and _, and begin with a letter.",
  };
  return [
    ...(key ? [] : [name]),
    {
      name: "set[0].value",
      label: "Value",
      kind: "text",
      check: (v, all) => {
        if (all.where === "pipeline" && new TextEncoder().encode(v).length < 6)
          return "Must have at least 6 bytes: what is shorter cannot be hidden in logs.";
        return all.secret === "yes" ? given("A secret must not be empty.")(v) : null;
      },
    },
    {
      name: "secret",
      label: "Is it a secret?",
      kind: "pick",
      half: true,
      options: [
        { value: "no", label: "no: everybody here may read it" },
        { value: "yes", label: "yes: nobody reads it again" },
      ],
      check: (v, all) =>
        all.where === "pipeline" && v !== "yes"
          ? "The pipeline is given secrets only; the rest belongs into the pipeline file."
          : null,
    },
    { name: "where", label: "In", kind: "pick", half: true, options: places },
  ];
}

/** The changes that a form asks for, each from the revision that was seen. */
export function changes(
  list: readonly Environment[],
  key: string | undefined,
  v: Values,
): Schemas["ChangeVariables"][] {
  const set = [
    {
      key: (key ?? v["set[0].key"] ?? "").trim(),
      value: v["set[0].value"] ?? "",
      secret: v.secret === "yes",
    },
  ];
  return list
    .filter((e) => (v.where === "both" ? e.environment !== "pipeline" : v.where === e.environment))
    .map((e) => ({ environment: e.environment, revision: e.revision, set }));
}
