import type { Schemas } from "~/api/ask";
import { ask, askPages } from "~/api/ask";
import { call } from "~/api/client";
import type { Fact as Heard } from "~/api/live";
import type { Said } from "~/object/states";

export type Fact = Schemas["Fact"];
export type Effect = Schemas["Effect"];

/** What of the audit page is shown; it is the address. */
export interface AuditSearch {
  view?: string;
  kind?: string;
  subject?: string;
  actor?: string;
  /** place of the fact that is open */
  fact?: string;
  /** effects in this state only */
  state?: string;
  /** identifier of the effect that is open */
  effect?: string;
  /** "now" begins to verify the chain at once */
  verify?: string;
}

/** The parts of the factory that tell facts, as actors. */
export const parts: readonly string[] = [
  "artifact",
  "flow",
  "incident",
  "pipeline",
  "platform",
  "portfolio",
  "product",
  "release",
  "runtime",
  "source",
  "telemetry",
].map((p) => `system/${p}`);

/** Kinds of facts under their nouns; the noun alone stands for all of its kinds. */
export function byNoun(kinds: readonly string[]): Map<string, string[]> {
  const nouns = new Map<string, string[]>();
  for (const kind of [...kinds].sort()) {
    const noun = kind.split(".", 1)[0] ?? "";
    nouns.set(noun, [...(nouns.get(noun) ?? []), kind]);
  }
  return nouns;
}

/** Reads every fact that fits the filter, page by page, telling how far it has come; the oldest stands first. */
export async function readAll(
  s: AuditSearch,
  progress: (read: number) => void,
  read: (address: string) => Promise<unknown> = (address) => call("GET", address),
): Promise<Fact[]> {
  const { kind, subject, actor } = s;
  const facts: Fact[] = [];
  let after = "";
  do {
    const search = new URLSearchParams({ limit: "500" });
    for (const [name, value] of Object.entries({ kind, subject, actor, after }))
      if (value) search.set(name, value);
    const page = (await read(`/api/v1/facts?${search}`)) as Schemas["PageFact"];
    facts.push(...page.items);
    progress(facts.length);
    after = page.next ?? "";
  } while (after);
  return facts.reverse();
}

/** Facts as filtered, the newest first, page by page. Nothing but the reader makes it read anew: rows must not move. */
export function factsPages(s: AuditSearch) {
  const { kind, subject, actor } = s;
  return {
    ...askPages("/api/v1/facts", {
      query: {
        ...(kind ? { kind } : {}),
        ...(subject ? { subject } : {}),
        ...(actor ? { actor } : {}),
        limit: 50,
      },
    }),
    refetchOnWindowFocus: false,
  };
}

/** The one fact at a place of the journal, as a page of one. */
export function factQuery(seq: number) {
  return ask("/api/v1/facts", { query: { since: seq - 1, limit: 1 } });
}

/** True when a fact that was just heard may belong to what is shown. Its actor is not told by the stream. */
export function mayMatch(s: AuditSearch, fact: Pick<Heard, "kind" | "subject">): boolean {
  if (s.subject && fact.subject !== s.subject) return false;
  return !s.kind || fact.kind === s.kind || fact.kind.startsWith(`${s.kind}.`);
}

export const effectStates = ["waiting", "running", "parked", "failed", "done"] as const;
type EffectState = (typeof effectStates)[number];

export function effectsPages(s: AuditSearch) {
  const state = effectStates.find((e) => e === s.state);
  return askPages("/api/v1/effects", { query: { ...(state ? { state } : {}), limit: 50 }, kinds: ["*"] });
}

export function effectState(e: Pick<Effect, "state" | "attempts">): Said {
  const said: Record<EffectState, Said> = {
    waiting:
      e.attempts > 0
        ? { state: "waiting", label: `waiting to try again` }
        : { state: "waiting", label: "waiting" },
    running: { state: "running", label: "running" },
    parked: { state: "held", label: "parked" },
    failed: { state: "failed", label: "failed" },
    done: { state: "done", label: "done" },
  };
  return said[e.state];
}

/** The address of this page with a change; an empty value is left out. */
export function hrefWith(s: AuditSearch, change: AuditSearch): string {
  const all = Object.entries({ ...s, ...change }).filter(([, v]) => v !== undefined && v !== "");
  const text = new URLSearchParams(all as [string, string][]).toString();
  return text === "" ? "/audit" : `/audit?${text}`;
}

/** The document that the export writes: what is shown, under which filter, when, and whether there was more. */
export function exported(rows: readonly unknown[], s: AuditSearch, more: boolean, at: Date): string {
  const { kind, subject, actor, state, view } = s;
  const what = view === "effects" ? "effects" : "facts";
  const filter = view === "effects" ? { state } : { kind, subject, actor };
  return `${JSON.stringify({ what, exported: at.toISOString(), filter, complete: !more, items: rows }, null, 2)}\n`;
}

/** The first and last digits of a hash, enough to compare by eye. */
export function ends(hash: string): string {
  return hash.length > 20 ? `${hash.slice(0, 10)}…${hash.slice(-6)}` : hash;
}
