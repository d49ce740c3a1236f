import {
  type Icon,
  IconAlertTriangle,
  IconBook2,
  IconBox,
  IconChartDots3,
  IconFlag,
  IconGitCommit,
  IconGitPullRequest,
  IconPackage,
  IconPlayerPlay,
  IconPuzzle,
  IconRocket,
  IconRoute,
  IconStack2,
  IconTargetArrow,
  IconTicket,
  IconUsers,
} from "@tabler/icons-react";
import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { hrefOf, short } from "~/object/subject";
import type { Command } from "./commands";

const icons: Record<string, Icon> = {
  vision: IconTargetArrow,
  objective: IconTargetArrow,
  "key-result": IconChartDots3,
  initiative: IconTargetArrow,
  product: IconBox,
  feature: IconPuzzle,
  team: IconUsers,
  item: IconTicket,
  component: IconStack2,
  commit: IconGitCommit,
  change: IconGitPullRequest,
  run: IconPlayerPlay,
  artifact: IconPackage,
  rollout: IconRocket,
  effect: IconChartDots3,
  incident: IconAlertTriangle,
  flag: IconFlag,
};

/** One letter finds too much to be of use. */
export function searchable(text: string): boolean {
  return text.length >= 2;
}

export function searchQuery(text: string) {
  return ask("/api/v1/search", { query: { q: text.slice(0, 200), limit: 12 } });
}

export function docsQuery(text: string) {
  return ask("/api/v1/docs/find", { query: { words: text.slice(0, 200) } });
}

export const componentsQuery = ask("/api/v1/components", { query: { limit: 500 }, kinds: ["component"] });
export const teamsQuery = ask("/api/v1/teams", { query: { limit: 500 }, kinds: ["team"] });

type Found = Pick<Schemas["ThreadNode"], "subject" | "kind" | "id" | "title" | "state" | "team">;

/** Components and teams as the search would find them, with those that it found. */
export function lastingNodes(
  components: readonly Pick<Schemas["Component"], "name" | "team" | "state">[] = [],
  teams: readonly Pick<Schemas["Team"], "id" | "name">[] = [],
  found: readonly Found[] = [],
): Found[] {
  const nodes: Found[] = [
    ...components.map((c) => ({
      subject: `component/${c.name}`,
      kind: "component",
      id: c.name,
      title: c.name,
      state: c.state,
      team: c.team,
    })),
    ...teams.map((t) => ({ subject: `team/${t.id}`, kind: "team", id: t.id, title: t.name })),
    ...found.filter((n) => n.kind === "component" || n.kind === "team"),
  ];
  return [...new Map(nodes.map((n) => [n.subject, n])).values()].sort((a, b) =>
    a.title.localeCompare(b.title),
  );
}

/** What the search found as commands that go there; those that have no page of their own lead to their thread. */
export function foundCommands(nodes: readonly Found[], go: (href: string) => void): Command[] {
  return nodes.map((n) => {
    const id = n.kind === "item" ? n.id : n.kind === "commit" ? short(n.id) : "";
    const about = [n.kind.replace("-", " "), n.state?.replaceAll("_", " "), n.team && `team ${n.team}`];
    return {
      id: n.subject,
      title: [id, n.title].filter(Boolean).join(" ") || short(n.id),
      about: about.filter(Boolean).join(" · "),
      group: "Found",
      icon: icons[n.kind] ?? IconRoute,
      run: () => go(hrefOf(n.subject)),
    };
  });
}

const mostDocs = 4; // the rest is found on the documentation's own page

/** Places in the documentation as commands that go there. */
export function docCommands(
  found: readonly Pick<Schemas["ManualFound"], "path" | "title" | "id" | "heading">[],
  go: (href: string) => void,
): Command[] {
  return found.slice(0, mostDocs).map((f) => ({
    id: `docs ${f.path} ${f.id ?? ""}`,
    title: f.heading ? `${f.title}: ${f.heading}` : f.title,
    about: "documentation",
    group: "Read",
    icon: IconBook2,
    run: () => go(`/docs/${f.path}${f.id ? `#${f.id}` : ""}`),
  }));
}
