import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { millis } from "~/lib/time";
import { reasonInWords } from "~/object/reason";
import { ended } from "~/object/states";
import type { EvidencePoint } from "~/ui/evidence";
import type { State } from "~/ui/state";
import { type Gate, gateOf, ofWhom, type Stage, whom } from "./gates";

export type Rollout = Schemas["RolloutDetail"];
export type MetricVerdict = Schemas["MetricVerdict"];

/** How often a rollout is asked for while it takes traffic: evidence grows with each request, without a fact. */
export const beat = 1000; // ms

export function rolloutQuery(id: string) {
  return {
    ...ask("/api/v1/rollouts/{id}", { path: { id } }),
    refetchInterval: (q: { state: { data?: Rollout | undefined } }) =>
      q.state.data && !ended(q.state.data.phase) ? beat : (false as const),
  };
}

/** The trace as the chart reads it. It begins even, with the first traffic: nothing had been seen then. */
export function points(r: Pick<Rollout, "trace" | "started" | "shares">): EvidencePoint[] {
  const seen = r.trace.map((p) => ({
    at: millis(p.at) / 1000,
    harm: p.logE,
    safe: p.logEPromote,
    share: p.share,
  }));
  const first = seen[0];
  if (!first || (first.harm === 0 && first.safe === 0)) return seen;
  const began = r.started ? millis(r.started) / 1000 : first.at;
  return [{ at: Math.min(began, first.at - 0.01), harm: 0, safe: 0, share: first.share }, ...seen];
}

/** The evidence that rolls back and the evidence that promotes, as natural logarithms, over all metrics. */
export function thresholds(r: Rollout): { rollbackAt: number; promoteAt: number } {
  return { rollbackAt: -Math.log(r.plan?.alpha ?? 0.01), promoteAt: -Math.log(r.plan?.beta ?? 0.05) };
}

/** One side of the comparison as it is shown. */
export interface Side {
  name: "baseline" | "canary";
  release: string;
  /** of the units now, 0..1 */
  share: number;
  units: number;
  failures: number;
  rate: number | null;
}

/** Baseline and canary. A first version has only itself. */
export function sides(r: Rollout): Side[] {
  return r.arms
    .filter((a) => a.name === "canary" || !r.first)
    .map((a) => ({
      name: a.name,
      release: a.release,
      share: a.name === "canary" ? r.share : 1 - r.share,
      units: a.units,
      failures: a.failures,
      rate: a.units > 0 ? a.failures / a.units : null,
    }));
}

/** One step of the ramp. */
export interface Step {
  share: number;
  /** as it was planned; absent in plans of old */
  stage: Stage | undefined;
  /** where it stands with its approval */
  gate: Gate;
  at: "past" | "now" | "ahead";
  /** units first exposed in it, to each side */
  canary: number;
  baseline: number;
  /** distinct units that the new version served in it */
  served: number;
}

/** The ramp with what each step saw; at the end all that were walked are past. */
export function ramp(r: Rollout): Step[] {
  const over = ended(r.phase) || r.phase === "promoting" || r.phase === "rolling_back";
  return r.shares.map((share, i) => {
    const seen = r.stages[i];
    // The whole is not a stage of its own: promotion reaches it.
    const past = i < r.stage || (i === r.stage && over) || r.phase === "promoted";
    const at = past ? "past" : i === r.stage && r.started ? "now" : "ahead";
    return {
      share,
      stage: r.plan?.stages[i],
      gate: gateOf(r, i),
      at,
      canary: seen?.canary ?? 0,
      baseline: seen?.baseline ?? 0,
      served: seen?.served ?? 0,
    };
  });
}

/** What the interval against the old version means, where its place against the margin does not say it. */
export function ratioSays(m: MetricVerdict): string | undefined {
  if (m.decision === "roll_back") return "Harm is shown: the evidence has passed its threshold.";
  if (m.canary + m.baseline === 0)
    return "No unit has failed on either version, so there is nothing to compare.";
  return m.basis === "not_worse"
    ? "Shown not to be worse by the margin: the evidence has passed its threshold."
    : undefined;
}

/** The same for the new version alone. */
export function rateSays(m: MetricVerdict): string | undefined {
  if (m.units === 0) return undefined;
  if (m.decision === "roll_back") return undefined;
  return m.basis === "below_accepted_rate"
    ? "Shown to be below the accepted rate: the evidence has passed its threshold."
    : undefined;
}

const unbounded = 1e6; // how the engine writes "no upper bound"

/** How many times the baseline's failure rate the new version's is: estimate and interval against the margin. */
export function ratio(m: MetricVerdict, plan: { margin: number } | undefined) {
  const total = m.canary + m.baseline;
  const rest = total - m.expected;
  const known = total > 0 && m.expected > 0 && rest > 0;
  const margin = 1 + (plan?.margin ?? 0);
  const low = m.ratioLow;
  const high = m.ratioHigh >= unbounded ? Number.POSITIVE_INFINITY : m.ratioHigh;
  const estimate = !known
    ? null
    : m.baseline > 0
      ? m.canary / m.expected / (m.baseline / rest)
      : Number.POSITIVE_INFINITY;
  const top = Math.max(margin * 2, ...[low * 1.6, estimate ?? 0, high].filter((v) => v < 40));
  return {
    estimate,
    low: known ? low : null,
    high: known ? high : null,
    margin,
    n: total,
    domain: [0, top] as const,
  };
}

/** The share of the new version's units that fail, with what may be true of it at most, against the accepted rate. */
export function rate(m: MetricVerdict, plan: Rollout["plan"]) {
  const known = m.units > 0;
  return {
    estimate: known ? m.failures / m.units : null,
    low: known ? 0 : null,
    high: known ? m.rateUpper : null,
    margin: plan?.acceptedRate ? plan.acceptedRate : null,
    n: m.units,
  };
}

/** What is known, decided or waited for. */
export interface Story {
  state: State;
  headline: string;
  /** the engine's own paragraph, without the verb that the headline says already */
  reason: string;
  waiting: string;
}

export function story(r: Rollout): Story {
  const reason = reasonInWords(r.verdict?.reason ?? "");
  const say = (state: State, headline: string, why = reason, waiting = ""): Story => ({
    state,
    headline,
    reason: why || reasonInWords(r.reason ?? ""),
    waiting,
  });
  if (r.cause && (r.phase === "rolled_back" || r.phase === "rolling_back")) {
    const moving = r.phase === "rolling_back" ? "; traffic is moving" : "";
    return say(
      "rolled-back",
      `Went back with another part of its release${moving}`,
      reasonInWords(r.reason ?? ""),
    );
  }
  const by = r.byHand ? `by ${r.byHand}` : "by the evidence";
  const back = r.backTo ? `Taken back to version ${r.backTo}` : "Rolled back";
  switch (r.phase) {
    case "queued":
      return say(
        "waiting",
        "It waits for its turn",
        "One rollout of a component is under way at a time, and only of versions that get along with what is live.",
        r.waiting,
      );
    case "staging":
      return say("running", "It proves itself in staging", "No customer meets it yet.", r.waiting);
    case "starting":
      if (r.awaits === 0)
        return say(
          "waiting",
          "It waits for an approval",
          "Nothing of it runs in production yet, and no customer meets it before a person approves it.",
        );
      return say(
        "running",
        "It starts in production",
        r.worker ? "It is watched once it runs." : "It takes traffic once it answers.",
        r.waiting,
      );
    case "running": {
      const waiting = r.waiting || r.verdict?.waiting || "";
      if (r.held) {
        return say(
          "held",
          "A person holds it",
          reason,
          `Held because: ${r.held.replace(/[.\s]*$/, ".")} Evidence of harm still rolls it back.`,
        );
      }
      if (r.awaits !== undefined) return say("waiting", "It waits for an approval", reason, waiting);
      return say("running", "Nothing is decided yet", reason, waiting);
    }
    case "promoting":
      return say("running", "Promoted by the evidence; traffic is moving");
    case "rolling_back":
      return say("rolled-back", `${back} ${by}; traffic is moving`, handed(r, reason));
    case "promoted":
      return say("done", r.worker ? "Promoted by what was watched" : "Promoted by the evidence");
    case "rolled_back":
      return say("rolled-back", `${back} ${by}`, handed(r, reason));
    case "failed":
      return say("failed", "It never reached a customer", r.reason ?? "");
    case "superseded":
      return say("waiting", "A newer version took its place", r.reason ?? "No customer met it.");
  }
}

function handed(r: Rollout, reason: string): string {
  const why = (r.reason ?? "").replace(/^(Rolled back|Taken back to version \S+) by [^:]*:\s*/, "");
  return r.byHand && why
    ? `${why.charAt(0).toUpperCase()}${why.slice(1).replace(/[.\s]*$/, ".")} What the evidence said then: ${reason}`
    : reason;
}

/** Seconds from the deciding event to the verdict, and from the verdict to the last request elsewhere; null while unknown. */
export function delays(r: Rollout): { verdict: number | null; traffic: number | null } {
  const gap = (a: string | undefined, b: string | undefined) =>
    a && b ? Math.max(0, (millis(b) - millis(a)) / 1000) : null;
  return { verdict: gap(r.deciding, r.decided), traffic: gap(r.decided, r.moved) };
}

export type Lever = "hold" | "resume" | "roll-back" | "refuse" | "take-back";

/** The levers that can be pulled now. */
export function levers(r: Rollout): Lever[] {
  if (r.phase === "promoted") return r.backs.length > 0 ? ["take-back"] : [];
  if (r.phase === "starting" && r.awaits === 0) return ["refuse"];
  if (r.phase !== "running") return [];
  return [r.held ? "resume" : "hold", "roll-back"];
}

/** The versions that a person may choose to go back to; the parts of a release go back together, each to what it replaced. */
export function goals(r: Rollout): Rollout["backs"] {
  return r.releaseId ? [] : r.backs;
}

/** What a lever will do, with the numbers of this rollout. */
export function will(lever: Lever, r: Rollout, to = goals(r)[0]?.release ?? r.baseline): string[] {
  const share = format(r.share, "ratio");
  const old = r.baseline ? `version ${r.baseline}` : "no version";
  const next = r.shares[r.stage + 1];
  const met = r.arms.find((a) => a.name === "canary")?.units ?? 0;
  switch (lever) {
    case "hold":
      return [
        `keep ${share} ${ofWhom(r)} on version ${r.release} and the others on ${old}`,
        "stop it from widening and from being promoted until somebody lets it go on",
        "leave the guard on: evidence of harm still rolls it back by itself",
      ];
    case "resume":
      return [
        next === undefined
          ? "promote it by itself once the evidence suffices"
          : `widen it to ${whom(r.plan?.stages[r.stage + 1] ?? { share: next })} once the plan's conditions are met`,
        "roll it back by itself when the evidence shows harm, as before",
      ];
    case "refuse":
      return [
        `end it here: version ${r.release} never reaches a customer, and what runs in production stays`,
        ...others(r),
        "leave the version unmarked: it can be rolled out again from its artifact's page",
      ];
    case "take-back":
      return [
        `start version ${to} beside it and send everybody there at once when it answers, without a ramp; if it does not answer, everything stays`,
        ...others(r),
        `mark version ${r.release} as bad: nothing applies it again until a person clears it`,
        `open an incident for team ${r.team}`,
      ];
    case "roll-back":
      return [
        r.baseline
          ? `send all units to version ${r.baseline}, within about a second; ${format(met, "count")} units have met version ${r.release} so far`
          : `take version ${r.release} out of production, which then runs no version at all`,
        ...others(r),
        `mark version ${r.release} as bad: nothing applies it again until a person clears it`,
        `open an incident for team ${r.team} with this rollout's numbers in it`,
      ];
  }
}

/** What a lever on one part does to the others. */
function others(r: Rollout): string[] {
  return r.releaseId
    ? ["take the other parts of its release back with it, last first; they are not marked"]
    : [];
}

/** How far a worker's watch has come at a time, and what that means in words. */
export function watched(
  r: Pick<Rollout, "watch" | "phase" | "first">,
  now: number,
): { share: number; words: string } {
  const w = r.watch;
  if (!w) return { share: 0, words: "" };
  const beside = r.first ? "It is the first version" : "Both versions run and take their work themselves";
  if (ended(r.phase)) return { share: r.phase === "promoted" ? 1 : 0, words: `${beside}.` };
  if (!w.steady)
    return { share: 0, words: `${beside}. It does not run just now: the time begins when it does.` };
  const share = Math.min(1, Math.max(0, (now - millis(w.steady)) / 1000 / w.seconds));
  return { share, words: `${beside}. When it ends by itself the time begins anew.` };
}
