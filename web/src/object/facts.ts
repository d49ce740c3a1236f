import type { Schemas } from "~/api/ask";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { reasonInWords } from "./reason";
import { short, split } from "./subject";

/** What a fact says, in the past tense and without its actor. */
export interface Saying {
  what: string;
  why?: string;
}

/** Facts about one object, the newest first; with a kind, only those. A new fact about it is read at once. */
export function factsQuery(subject: string, kind = "") {
  const query = ask("/api/v1/facts", { query: { subject, kind, limit: 50 } });
  // The identifier stands in the key by itself, which is how a fact finds what it changes (see live.ts).
  return { ...query, queryKey: [...query.queryKey, split(subject).id] };
}

/** Who did it, as a person is told: a name, or the factory, whichever of its parts it was. */
export function actorOf(f: Pick<Schemas["Fact"], "actor" | "actorName">): string {
  return f.actor.startsWith("system/") ? "The factory" : f.actorName;
}

type Data = Record<string, unknown>;
type Teller = (d: Data) => string | Saying;

const text = (v: unknown): string =>
  typeof v === "string"
    ? v
    : typeof v === "number"
      ? String(v)
      : Array.isArray(v)
        ? v.map(text).join(", ")
        : "";
const list = (v: unknown): string => (Array.isArray(v) ? v.map(text).join(", ") : "");
const share = (v: unknown): string => (typeof v === "number" ? format(v, "ratio") : "an unknown share");
/** How a component is scaled, as far as somebody set it. */
const scaled = (v: unknown): string => {
  const s = (v ?? {}) as Data;
  const n = Number(s.replicas ?? 0);
  return [
    n > 0 && (n === 1 ? "1 process" : `${n} processes`),
    s.cpu && `${text(s.cpu)} CPU each`,
    s.memory && `${text(s.memory)} memory each`,
  ]
    .filter(Boolean)
    .join(", ");
};
const because = (what: string, why: unknown): Saying => (text(why) ? { what, why: text(why) } : { what });

/** A run that publishes nothing: of a branch, or of the trunk beside its pushes. */
const checkOf = (d: Data): string => {
  if (d.event === "schedule") return "a scheduled run";
  return d.event === "manual" ? "a run by hand" : `a check of ${text(d.branch)}`;
};

const tellers: Record<string, Teller> = {
  "account.created": (d) => `made the account of ${text(d.name)}`,
  "account.password-changed": (d) => `changed the password of ${text(d.login)}`,
  "account.changed": (d) => `changed the account of ${text(d.login)}`,
  "token.created": (d) => `made the token ${text(d.name)} (${text(d.scopes)})`,
  "token.revoked": () => "revoked a token",
  "vision.set": (d) => `set the vision: ${text(d.text)}`,
  "objective.created": (d) => `set the objective: ${text(d.title)}`,
  "objective.changed": (d) => `changed the objective: ${text(d.fields)}`,
  "key-result.created": (d) => `defined the key result: ${text(d.title)}`,
  "key-result.changed": (d) => `changed the key result: ${text(d.fields)}`,
  "key-result.measured": (d) => `measured ${format(Number(d.value), "count")}, ${share(d.score)} of the way`,
  "initiative.created": (d) => `proposed the initiative: ${text(d.title)}`,
  "initiative.changed": (d) => `changed the initiative: ${text(d.fields)}`,
  "initiative.moved": (d) => `moved it from ${text(d.from)} to ${text(d.to)}`,
  "initiative.decided": (d) => because(`decided: ${text(d.verdict)}`, d.reason),
  "product.created": (d) => `created the product ${text(d.name)}`,
  "product.changed": (d) => `changed the product: ${text(d.fields)}`,
  "feature.created": (d) => `planned the feature: ${text(d.title)}`,
  "feature.changed": (d) => `changed the feature: ${text(d.fields)}`,
  "feature.moved": (d) => because(`moved it from ${text(d.from)} to ${text(d.to)}`, d.because),
  "team.created": (d) => `founded the team ${text(d.name)}`,
  "team.changed": (d) => `changed the team: ${text(d.fields)}`,
  "team.joined": (d) => `added ${text(d.name)} to the team`,
  "team.left": () => "took a member out of the team",
  "item.created": (d) => `created ${text(d.item)}: ${text(d.title)}`,
  "item.changed": (d) => `changed ${text(d.fields)}`,
  "item.moved": (d) => because(`moved it from ${text(d.from)} to ${text(d.to)}`, d.because),
  "item.blocked": (d) =>
    text(d.reason) ? because("marked it as blocked", d.reason) : "said that it can go on",
  "board.changed": () => "changed the limits of the board",
  "path.created": (d) => `made the golden path ${text(d.path)}, as ${text(d.from)} is`,
  "path.pushed": (d) => `pushed ${text(d.total)} commits to ${text(d.branch)} of ${text(d.repository)}`,
  "path.refused": (d) =>
    because(
      `refused version ${text(d.version)} of the golden path ${text(d.path)}${d.step ? ` in step ${text(d.step)}` : ""}`,
      d.reason,
    ),
  "path.withdrawn": (d) =>
    because(
      `withdrew version ${text(d.version)} of the golden path ${text(d.path)}; ${text(d.offered)} is offered`,
      d.reason,
    ),
  "path.offered": (d) =>
    because(
      `offered version ${text(d.version)} of the golden path ${text(d.path)} again${d.offered === d.version ? "" : `; ${text(d.offered)} is the newest`}`,
      d.reason,
    ),
  "upgrade.started": (d) =>
    `began to bring ${text(d.path)} ${text(d.version)} to ${text(d.components)} components`,
  "upgrade.advanced": (d) =>
    `began cohort ${text(d.cohort)} of the upgrade to ${text(d.path)} ${text(d.version)}`,
  "upgrade.paused": (d) => because(`paused the upgrade to ${text(d.path)} ${text(d.version)}`, d.reason),
  "upgrade.resumed": (d) => `went on with the upgrade to ${text(d.path)} ${text(d.version)}`,
  "upgrade.finished": (d) =>
    because(
      `ended the upgrade to ${text(d.path)} ${text(d.version)}: ${text(d.merged)} merged, ${text(d.parked)} wait for their teams`,
      d.reason,
    ),
  "component.path-upgraded": (d) =>
    d.from === d.version
      ? `answered ${text(d.path)} anew`
      : `upgraded ${text(d.path)} from ${text(d.from)} to ${text(d.version)}`,
  "component.upgrade-parked": (d) =>
    because(`left the upgrade to ${text(d.path)} ${text(d.version)} to the team`, d.reason),
  "path.published": (d) => `published the golden path ${text(d.path)} ${text(d.version)}`,
  "component.created": (d) =>
    `${d.origin ? `adopted ${text(d.origin)} by` : "created the component from"} the path ${text(d.path)} ${text(d.pathVersion)}`,
  "component.ready": () => "saw its first version live in production",
  "repository.created": (d) => `made the repository with the protected trunk ${text(d.branch)}`,
  "commits.pushed": (d) => pushed(d),
  "push.rejected": (d) => because(`refused a push to ${text(d.branch)}`, d.reason),
  "change.opened": (d) => `opened the change: ${text(d.title)}`,
  "change.edited": (d) => `edited the change: ${text(d.fields)}`,
  "change.commented": (d) =>
    `${d.reply_to ? "replied" : "commented"}${text(d.path) ? ` on ${text(d.path)}${d.line ? `, line ${text(d.line)}` : ""}` : ""}`,
  "change.settled": (d) => (d.resolved ? "settled a thread" : "took a thread up again"),
  "change.reviewed": (d) =>
    `${d.verdict === "approve" ? "approved of" : d.verdict === "request-changes" ? "asked for changes of" : "reviewed"} ${short(text(d.commit))}${d.own ? ", which does not count: it is their own" : ""}`,
  "change.queued": (d) => `queued ${short(text(d.head))} to be merged`,
  "change.unqueued": (d) => because("took it out of the merge queue", d.reason),
  "change.merged": (d) => `merged it as ${short(text(d.commit))}`,
  "change.closed": () => "closed the change without merging it",
  "change.reopened": () => "reopened the change",
  "preview.started": (d) => `started ${short(text(d.commit))} to be tried in ${text(d.environment)}`,
  "preview.failed": (d) => because(`could not start ${short(text(d.commit))} to be tried`, d.reason),
  "preview.removed": (d) => because("removed the preview", d.reason),
  "run.queued": () => "queued the run",
  "run.started": () => "began the first step",
  "run.finished": (d) =>
    because(`ended the run: ${text(d.outcome)}${text(d.step) ? ` in ${text(d.step)}` : ""}`, d.reason),
  "check.queued": (d) => `queued ${checkOf(d)}`,
  "check.finished": (d) =>
    because(`ended ${checkOf(d)}: ${text(d.state)}${text(d.step) ? ` in ${text(d.step)}` : ""}`, d.reason),
  "agent.joined": (d) => `${text(d.name)} joined, to take pipeline runs`,
  "agent.lost": (d) => `took the agent ${text(d.name)} for lost; what it ran begins again elsewhere`,
  "agent.removed": (d) => `removed the agent ${text(d.name)}`,
  "artifact.published": (d) =>
    `published version ${text(d.version)}, ${format(Number(d.size), "bytes")}, with signed SBOM and provenance`,
  "artifact.marked-bad": (d) =>
    because("marked it bad: nothing applies it again until it is cleared", reasonInWords(text(d.reason))),
  "artifact.cleared": (d) => because("lifted the mark", d.reason),
  "deployment.finished": (d) =>
    because(`deployed version ${text(d.version)} to ${text(d.environment)}: ${text(d.outcome)}`, d.reason),
  "rollout.started": (d) =>
    `started the rollout of version ${text(d.version)}${text(d.baseVersion) ? ` against ${text(d.baseVersion)}` : ""} under plan ${short(text(d.planHash))}`,
  "rollout.widened": (d) => `widened it to ${share(d.share)} of units`,
  "rollout.held": (d) => because("held it", d.reason),
  "rollout.resumed": (d) => because("let it go on", d.reason),
  "rollout.asked": (d) => `asked for approval of ${share(d.share)} of units`,
  "rollout.approved": (d) => because(`approved ${share(d.share)} of units`, d.reason),
  "rollout.decided": (d) =>
    because(
      `decided${d.byHand === true ? " by hand" : ""}: ${text(d.verdict).replaceAll("_", " ")}`,
      reasonInWords(text(d.reason)),
    ),
  "rollout.finished": (d) => `finished it: ${text(d.outcome).replaceAll("_", " ")}`,
  "release.assembled": (d) => because(`assembled it: ${text(d.name)}`, d.reason),
  "release.finished": (d) => because(`finished it: ${text(d.outcome).replaceAll("_", " ")}`, d.reason),
  "effect.measured": (d) =>
    `measured its effect: ${format(Number(d.estimate), "points")}, ${format(Number(d.low), "points")} to ${format(Number(d.high), "points")}, grade ${text(d.grade)}`,
  "workload.ready": (d) => `version ${text(d.version)} answers in ${text(d.environment)}`,
  "workload.crashed": (d) =>
    because(`version ${text(d.version)} crashed in ${text(d.environment)}`, d.reason),
  "workload.unhealthy": (d) =>
    `version ${text(d.version)} is unhealthy in ${text(d.environment)}: ${text(d.reason)}`,
  "workload.restarted": (d) =>
    `the processes of version ${text(d.version)} in ${text(d.environment)} are replaced one after another`,
  "workload.stopped": (d) => `version ${text(d.version)} was stopped in ${text(d.environment)}`,
  "job.started": (d) => `the job ${text(d.job)} began in ${text(d.environment)}`,
  "job.finished": (d) =>
    `the job ${text(d.job)} ${d.state === "succeeded" ? "succeeded" : `${text(d.state)}: ${text(d.reason)}`}`,
  "alert.fired": (d) => because(`raised the alert ${text(d.alert)} in ${text(d.environment)}`, d.text),
  "alert.resolved": (d) => `ended the alert ${text(d.alert)} in ${text(d.environment)}`,
  "incident.opened": (d) => `opened the incident: ${text(d.title)}`,
  "incident.joined": (d) => because("found another cause", d.text),
  "incident.followed-up": (d) => `put action item ${text(d.item)} on the board: ${text(d.title)}`,
  "review.changed": () => "wrote in the review",
  "review.published": () => "published the review",
  "incident.noted": (d) => because("noted", d.text),
  "incident.resolved": (d) => because("resolved the incident", d.because),
  "flag.created": (d) => `created the flag ${text(d.key)}: ${text(d.title)}`,
  "flag.changed": (d) => `changed the flag: ${text(d.fields)}`,
  "flag.switched": (d) => switched(d),
  "freeze.declared": (d) => because(`declared the freeze ${text(d.name)}`, d.reason),
  "freeze.lifted": (d) => because(`lifted the freeze ${text(d.name)}`, d.reason),
  "units.recorded": (d) => `recorded ${text(d.units)} units`,
  "units.forgotten": (d) => `removed what was known of ${text(d.units)} units`,
  "variables.changed": (d) =>
    [
      list(d.set) && `set ${list(d.set)}`,
      list(d.unset) && `removed ${list(d.unset)}`,
      `in the variables of ${text(d.environment)}, which are at revision ${text(d.revision)}`,
    ]
      .filter(Boolean)
      .join(" "),
  "resource.provisioned": (d) => `got a ${text(d.type)} ${text(d.resource)} in ${text(d.environment)}`,
  "resource.failed": (d) =>
    because(`had its ${text(d.type)} ${text(d.resource)} fail in ${text(d.environment)}`, d.reason),
  "resource.deleted": (d) =>
    `had its ${text(d.type)} ${text(d.resource)} in ${text(d.environment)} deleted, with all data`,
  "scale.changed": (d) => {
    const to = scaled(d.to);
    const from = scaled(d.from);
    if (!to) return `left the scale in ${text(d.environment)} to the version again; it was ${from}`;
    return `set the scale in ${text(d.environment)} to ${to}${from ? `; it was ${from}` : ""}`;
  },
  "artifacts.rekeyed": (d) => `signed the evidence of ${text(d.artifacts)} artifacts with a new key`,
  "variables.rekeyed": (d) => `sealed ${text(d.secrets)} secrets with a new key`,
  "rates.changed": () => "changed what a unit costs",
  "flag.archived": (d) => because(`archived the flag ${text(d.key)}`, d.reason),
};

/** A fact as a sentence; a kind that nobody has taught this page is named as it is. */
export function say(fact: Pick<Schemas["Fact"], "kind" | "data">): Saying {
  const data = (typeof fact.data === "object" && fact.data !== null ? fact.data : {}) as Data;
  const told = tellers[fact.kind]?.(data) ?? fact.kind;
  return typeof told === "string" ? { what: told } : told;
}

/** The kinds that can be told; for the test that compares them with what the server knows. */
export const told: readonly string[] = Object.keys(tellers);

function switched(d: Data): Saying {
  const where = `${text(d.key)} in ${text(d.environment)}`;
  if (d.killed === true) return because(`killed the feature behind ${where}`, d.reason);
  const named = Array.isArray(d.units) && d.units.length > 0 ? ` and ${d.units.length} by name` : "";
  const to = d.to === "cohort" ? `on for ${text(d.percent)} %${named}` : text(d.to);
  return because(`switched ${where} ${to}`, d.reason);
}

function pushed(d: Data): Saying {
  const commits = Array.isArray(d.commits) ? (d.commits as Data[]) : [];
  const total = typeof d.total === "number" ? d.total : commits.length;
  const last = commits.at(-1);
  const what = `pushed ${total === 1 ? "one commit" : `${total} commits`} to ${text(d.branch)}`;
  return last ? { what, why: `${short(text(last.commit))} ${text(last.title)}` } : { what };
}
