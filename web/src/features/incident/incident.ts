import type { Schemas } from "~/api/ask";
import { millis } from "~/lib/time";

export type Incident = Schemas["IncidentDetail"];
export type Entry = Incident["timeline"][number];
export type Review = Schemas["Review"];
export type Section = keyof Review["text"];

/** What opened it, in words. */
export const causes: Record<Incident["cause"], string> = {
  verdict: "a rollout that the evidence took back",
  "slo-burn": "an error budget that burns",
  silence: "silence",
  regression: "a live version that got worse",
  alert: "an alert that pages",
  person: "a person",
};

/**
 * The timeline in two parts: what belongs to the incident, from the push of its commit or the start of the impact on,
 * and what came before.
 */
export function parts(i: Pick<Incident, "timeline" | "began" | "commitTitle">): {
  before: Entry[];
  within: Entry[];
} {
  const began = millis(i.began);
  const title = i.commitTitle;
  const push = title
    ? i.timeline.findLastIndex(
        (e) => e.kind === "commits.pushed" && e.text.includes(title) && millis(e.at) <= began,
      )
    : -1;
  const from = push >= 0 ? push : i.timeline.findIndex((e) => millis(e.at) >= began - 1000);
  const at = from < 0 ? i.timeline.length : from;
  return { before: i.timeline.slice(0, at), within: i.timeline.slice(at) };
}

/** How an entry stands out: what hurt, what helped, what a person wrote, and the rest. */
export function tone(e: Pick<Entry, "kind" | "text">): "bad" | "good" | "note" | "plain" {
  if (e.kind === "note" || e.kind === "incident.noted") return "note";
  if (["incident.resolved", "alert.resolved", "incident.followed-up", "review.published"].includes(e.kind))
    return "good";
  if (
    ["incident.opened", "incident.joined", "alert.fired", "artifact.marked-bad", "workload.crashed"].includes(
      e.kind,
    )
  )
    return "bad";
  if (e.kind === "rollout.finished") return /rolled back/.test(e.text) ? "bad" : "good";
  return "plain";
}

/** What an entry says; a verdict's paragraph is left to the deciding numbers above and to the rollout's page. */
export function said(e: Pick<Entry, "kind" | "text">): string {
  return e.text.replace(/[:,] (Roll back|Promote|Hold): .*$/s, "");
}

/** The sections of a review in the order in which they are read. */
export const sections: readonly { name: Section; title: string }[] = [
  { name: "happened", title: "What happened" },
  { name: "impact", title: "Impact" },
  { name: "changed", title: "What changed" },
  { name: "well", title: "What went well" },
  { name: "learn", title: "What to learn" },
];

/** True when alerts end the incident, and no verdict that waits for a fix is part of it. */
export function endsByItself(i: Pick<Incident, "cause" | "causes">): boolean {
  return (
    ["alert", "slo-burn", "silence", "regression"].includes(i.cause) &&
    !i.causes.some((c) => c.cause === "verdict")
  );
}

/** What a budget or a promise is of: requests, or an outcome event's. */
export function things(event: string | undefined): string {
  return event ? `${event} events` : "requests";
}

/** What can be done now, the most useful first. */
export function next(i: Pick<Incident, "state" | "cause" | "causes">): string {
  if (i.state === "resolved") return "";
  if (i.cause !== "person" && i.causes.some((c) => c.cause === "verdict"))
    return "Traffic is back on the version before. Fix it forward: push a commit with the trailer Lane: hotfix; its promotion resolves this incident.";
  if (i.cause === "regression")
    return "Take the version back: that is quicker than understanding it. When the one before fails too, look at what it calls. The incident ends by itself when the version keeps its promise again.";
  if (i.cause === "slo-burn")
    return "What changed last is the first suspect: take it back if it can be, and understand it later. The incident ends by itself when the budget burns no more.";
  if (i.cause === "silence")
    return "Ask the component for an answer yourself, and read the end of its workload's log. The incident ends by itself when something is heard of it again.";
  if (i.cause === "alert")
    return "Look at the component's dashboard and its last change; the incident ends by itself when the alert does.";
  return "Write down what you find. Resolve it when customers are no longer hurt.";
}
