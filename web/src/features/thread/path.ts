import type { Schemas } from "~/api/ask";
import { commitHref, hrefOf, short, split } from "~/object/subject";

export type Thread = Schemas["Thread"];
export type Node = Schemas["ThreadNode"];
export type Stage = Schemas["ThreadStage"];

const names: Record<string, string> = {
  vision: "Vision",
  objective: "Objective",
  "key-result": "Key result",
  initiative: "Initiative",
  feature: "Feature",
  item: "Item",
  commit: "Commit",
  run: "Run",
  artifact: "Artifact",
  rollout: "Rollout",
  effect: "Effect",
  incident: "Incident",
  component: "Component",
  team: "Team",
  product: "Product",
  flag: "Flag",
  change: "Change",
};

export function stageName(kind: string): string {
  return names[kind] ?? kind;
}

/** What a node is called: its title led by the identifier that people use for it. */
export function titleOf(n: Pick<Node, "kind" | "id" | "title">): string {
  const id = n.kind === "item" ? n.id : n.kind === "commit" ? short(n.id) : "";
  return [id, n.title || (id ? "" : short(n.id))].filter(Boolean).join(" ");
}

/** The component whose repository the commits are in, when the thread stands beside exactly one. */
export function componentOf(t: Pick<Thread, "beside">): string | undefined {
  const all = t.beside.filter((n) => n.kind === "component");
  return all.length === 1 ? all[0]?.id : undefined;
}

/** The page of a node. An effect is shown on the page of the rollout that measured it. */
export function pageOf(n: Pick<Node, "subject">, component?: string): string {
  const { kind, id } = split(n.subject);
  if (kind === "effect") return hrefOf(`rollout/${id.split(":")[0] ?? id}`);
  return kind === "commit" && component ? commitHref(component, id) : hrefOf(n.subject);
}

export function threadHref(n: Pick<Node, "subject">): string {
  const { kind, id } = split(n.subject);
  return `/thread/${kind}/${encodeURIComponent(id)}`;
}

/** How a node hangs on those above it, told where a stage has several and one could not know. */
export function joints(t: Thread, subject: string): string[] {
  const seat = new Map<string, { at: number; node: Node; alone: boolean }>();
  t.stages.forEach((s, at) => {
    for (const node of s.nodes) seat.set(node.subject, { at, node, alone: s.nodes.length === 1 });
  });
  const here = seat.get(subject);
  if (!here) return [];
  return t.edges
    .filter((e) => e.to === subject)
    .flatMap((e) => {
      const from = seat.get(e.from);
      if (!from || from.at >= here.at || (from.alone && here.alone)) return [];
      return [`${titleOf(from.node)} is ${e.relation} this`];
    });
}

/** How far the thread reaches, in words. */
export function reach(t: Pick<Thread, "stages" | "whole">): string {
  const gaps = t.stages.filter((s) => s.nodes.length === 0).length;
  if (t.whole || gaps === 0) return "whole, from the vision to the effect";
  return gaps === 1 ? "one stage is missing" : `${gaps} stages are missing`;
}
