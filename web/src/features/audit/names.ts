import { useQueries } from "@tanstack/react-query";
import { ask, type Schemas } from "~/api/ask";
import { short, split } from "~/object/subject";

type Read = (named: Map<string, string>) => void;

const list = { limit: 200 };

/** Reads the names of the kinds that a table shows, one list per kind, and only of kinds that stand in it. */
export function useNames(subjects: readonly string[]): (subject: string) => string {
  const kinds = new Set(subjects.map((s) => split(s).kind));
  const has = (...some: string[]) => some.some((k) => kinds.has(k));
  const [portfolio, features, runs, rollouts, incidents, accounts] = useQueries({
    queries: [
      {
        ...ask("/api/v1/portfolio", { kinds: ["key-result", "objective", "initiative", "vision"] }),
        enabled: has("key-result", "objective", "initiative"),
      },
      {
        ...ask("/api/v1/features", { query: list, kinds: ["feature"] }),
        enabled: has("feature"),
      },
      { ...ask("/api/v1/runs", { query: list, kinds: ["run"] }), enabled: has("run") },
      {
        ...ask("/api/v1/rollouts", { query: list, kinds: ["rollout"] }),
        enabled: has("rollout", "workload", "settle", "artifact"),
      },
      { ...ask("/api/v1/incidents", { query: list, kinds: ["incident"] }), enabled: has("incident") },
      { ...ask("/api/v1/accounts", { query: list, kinds: ["account"] }), enabled: has("account") },
    ],
  });
  const named = new Map<string, string>();
  const reads: Read[] = [
    (m) => portfolio.data && fromPortfolio(portfolio.data, m),
    (m) => features.data?.items.forEach((f) => void m.set(`feature/${f.id}`, f.title)),
    (m) => runs.data?.items.forEach((r) => void m.set(`run/${r.id}`, `${r.component} run ${r.number}`)),
    (m) => rollouts.data?.items.forEach((r) => void fromRollout(r, m)),
    (m) => incidents.data?.items.forEach((i) => void m.set(`incident/${i.id}`, i.title)),
    (m) => accounts.data?.items.forEach((a) => void m.set(`account/${a.id}`, a.name)),
  ];
  for (const read of reads) read(named);
  return (subject) => nameOf(subject, named);
}

function fromPortfolio(p: Schemas["Portfolio"], named: Map<string, string>): void {
  for (const i of p.initiatives) named.set(`initiative/${i.id}`, i.title);
  for (const o of p.objectives) {
    named.set(`objective/${o.id}`, o.title);
    for (const k of o.keyResults) named.set(`key-result/${k.id}`, k.title);
  }
}

// A rollout's workloads are called after it and their environment.
function fromRollout(
  r: Pick<Schemas["Rollout"], "id" | "component" | "release" | "artifact">,
  named: Map<string, string>,
): void {
  const name = `${r.component} ${r.release}`;
  named.set(`rollout/${r.id}`, name);
  named.set(`settle/${r.id}`, name);
  named.set(`workload/${r.id}-production`, `${name} in production`);
  named.set(`workload/${r.id}-staging`, `${name} in staging`);
  if (!named.has(`artifact/${r.artifact}`)) named.set(`artifact/${r.artifact}`, name);
}

/** What a subject is called: its name where it is known, else its identifier, a long one by its first digits. */
export function nameOf(subject: string, named: ReadonlyMap<string, string>): string {
  const { kind, id } = split(subject);
  const name = named.get(subject);
  if (name) return name;
  return `${kind.replaceAll("-", " ")} ${id.length > 24 ? short(id) : id}`;
}

const doings: Record<string, string> = {
  "source.create": "make the repository",
  "path.try": "try a version of a golden path",
  "path.propose": "propose the upgrade as a change",
  "path.merge": "have the upgrade merged",
  "path.close": "close the upgrade's change",
  "preview.advance": "bring the preview to its change",
  "change.advance": "go on with the merge queue",
  "release.stage": "deploy to staging",
  "release.start": "start in production",
  "release.route": "route traffic",
  "release.settle": "settle the traffic",
  "release.stop": "stop a workload",
  "release.back": "take a version back",
  "release.back-parts": "take the parts back together",
  "release.move": "let the parts go on together",
  "release.end": "end the release",
};

/** What an effect does, in words; a kind that nobody has taught this page is named as it is. */
export function doing(kind: string): string {
  return doings[kind] ?? kind;
}
