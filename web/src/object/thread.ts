import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { type Link, type Station, stations } from "~/ui/thread";
import { nodeState } from "./states";
import { hrefOf, short } from "./subject";

/** Facts that can tie a new knot into a thread. */
const kinds = [
  "vision",
  "objective",
  "initiative",
  "feature",
  "item",
  "commits",
  "run",
  "artifact",
  "rollout",
  "effect",
  "incident",
  "flag",
  "change",
];

export function threadQuery(kind: string, id: string) {
  return ask("/api/v1/thread/{kind}/{id}", { path: { kind, id }, kinds });
}

/** Why a station has nothing, and what would close the gap. */
export type Gaps = Partial<Record<Station, { why: string; close: string }>>;

/** The thread as the strip shows it. A key result stands at its objective's station, for it says when that is reached. */
export function strip(
  thread: Schemas["Thread"],
  component?: string,
): { links: Link[]; here: Station | null; gaps: Gaps } {
  const links: Link[] = [];
  const gaps: Gaps = {};
  let here: Station | null = null;
  for (const stage of thread.stages) {
    const station = stationOf(stage.kind);
    if (!station) continue;
    if (stage.here) here = station;
    const nodes = stage.here
      ? [thread.here, ...stage.nodes.filter((n) => n.subject !== thread.here.subject).reverse()]
      : [...stage.nodes].reverse(); // the strip shows the first: let it be the newest
    for (const node of nodes) links.push(linkOf(node, station, component));
    if (stage.gap && stage.kind !== "key-result") gaps[station] = stage.gap;
  }
  return { links, here, gaps };
}

function linkOf(node: Schemas["ThreadNode"], station: Station, component?: string): Link {
  const state = nodeState(node.state);
  return {
    station,
    id: node.subject,
    title: titleOf(node, component),
    href: hrefOf(node.subject, component),
    ...(state ? { state } : {}),
  };
}

// The component's name is left out where the page says it already: there is little room.
function titleOf(node: Schemas["ThreadNode"], component?: string): string {
  if (component && ["run", "artifact", "rollout"].includes(node.kind) && node.title.startsWith(component)) {
    const rest = node.title.slice(component.length).replace(/^[:\s]+/, "");
    if (rest !== "") return rest;
  }
  if (node.kind === "item") return node.title ? `${node.id} ${node.title}` : node.id;
  if (node.kind === "commit") return node.title ? `${short(node.id)} ${node.title}` : short(node.id);
  return node.title || short(node.id);
}

function stationOf(kind: string): Station | undefined {
  return kind === "key-result" ? "objective" : stations.find((s) => s === kind);
}
