import { ask, type Schemas } from "~/api/ask";
import type { FormField, Values } from "~/ui/form";

export type Scaled = Schemas["EnvironmentScale"];

export const scaleQuery = (component: string) =>
  ask("/api/v1/components/{component}/scale", {
    path: { component },
    kinds: ["component", "deployment", "rollout", "workload"],
  });

/** What holds of one thing in an environment, and on whose word. */
export interface Held {
  name: string;
  value: string;
  by: string;
  set: boolean;
}

/** What holds in an environment; where nothing runs, only what is set is known. */
export function held(e: Scaled): Held[] {
  const one = (name: string, set: string | number | undefined, holds: string | number | undefined): Held => ({
    name,
    value: holds ? String(holds) : "as the version will say",
    by: set ? "set" : e.says ? `version ${e.says.release}` : "",
    set: Boolean(set),
  });
  return [
    one("Processes", e.set.replicas, e.holds.replicas),
    one("Processors of each", e.set.cpu, e.holds.cpu && cpuWords(e.holds.cpu)),
    one("Memory of each", e.set.memory, e.holds.memory && memoryWords(e.holds.memory)),
  ];
}

/** True when anything is set there. */
export function isSet(e: Scaled): boolean {
  return Boolean(e.set.replicas || e.set.cpu || e.set.memory);
}

/** 500m as 0.5, as people read it. */
export function cpuWords(text: string): string {
  return text.endsWith("m") ? String(Number(text.slice(0, -1)) / 1000) : text;
}

/** 256Mi as 256 MiB. */
export function memoryWords(text: string): string {
  return text.endsWith("Mi") ? `${text.slice(0, -2)} MiB` : `${text} bytes`;
}

/** What is set, as a form has it: empty where it is left to the version. */
export function written(e: Scaled): Values {
  return { replicas: String(e.set.replicas ?? ""), cpu: e.set.cpu ?? "", memory: e.set.memory ?? "" };
}

/** What a form asks for, made from a version. */
export function toSet(v: Values, version: number): Schemas["SetScale"] {
  const replicas = (v.replicas ?? "").trim();
  const cpu = (v.cpu ?? "").trim();
  const memory = (v.memory ?? "").trim();
  return {
    version,
    ...(replicas ? { replicas: Number(replicas) } : {}),
    ...(cpu ? { cpu } : {}),
    ...(memory ? { memory } : {}),
  };
}

export const mostReplicas = 10;

/** The form; what is left empty holds as the version says, which each field names. */
export function fields(e: Scaled): FormField[] {
  const says = (value: string | undefined) =>
    e.says && value ? `${value}, as version ${e.says.release} says` : "as the version says";
  const usual = e.says?.replicas ?? 1;
  return [
    {
      name: "replicas",
      label: "Processes",
      kind: "number",
      hint: "They share what comes in; of a worker, each takes work itself",
      placeholder: says(e.says?.replicas ? String(e.says.replicas) : undefined),
      quick: (v) => {
        const n = Number((v.replicas ?? "").trim() || usual);
        return Number.isInteger(n)
          ? [
              ...(n > 1 ? [{ value: String(n - 1), label: "One less" }] : []),
              ...(n < mostReplicas ? [{ value: String(n + 1), label: "One more" }] : []),
            ]
          : [];
      },
      check: (v) => {
        const text = v.trim();
        const n = Number(text);
        return text === "" || (Number.isInteger(n) && n >= 1 && n <= mostReplicas)
          ? null
          : `Must be 1 to ${mostReplicas}, or empty for what the version says.`;
      },
    },
    {
      name: "cpu",
      label: "Processors of each, at the most",
      hint: "Such as 500m or 0.5, up to 2",
      placeholder: says(e.says?.cpu),
      half: true,
    },
    {
      name: "memory",
      label: "Memory of each, at the most",
      hint: "Such as 256Mi, up to 512Mi",
      placeholder: says(e.says?.memory),
      half: true,
    },
  ];
}
