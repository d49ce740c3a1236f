import { IconClock, IconUserCheck, IconUsers, IconUsersGroup } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { short } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { StatusIcon } from "~/ui/Status";
import type { State } from "~/ui/state";
import { secondsIn } from "./gates";
import classes from "./Ramp.module.css";
import { type Rollout, ramp, type Step } from "./rollout";

/** The steps by which the new version gets units: who takes part, what must be before the next, and whom each reached. */
export function Ramp({ rollout: r }: { rollout: Rollout }) {
  const steps = ramp(r);
  if (steps.length === 0) {
    return (
      <Panel title="Stages">
        <p className={classes.none}>
          The plan, and with it the stages, is frozen before the first unit is exposed.
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Stages" note={r.first ? "nobody is served yet, so there is one" : undefined}>
      <ol className={classes.ramp}>
        {steps.map((s, i) => (
          <li
            key={`${s.share} ${i.toString()}`}
            className={classes.step}
            data-at={s.at}
            aria-current={s.at === "now" ? "step" : undefined}
          >
            <span className={classes.icon}>
              <StatusIcon state={stateOf(s, i, r)} size={18} />
            </span>
            <div className={classes.words}>
              <div className={classes.line}>
                <b className="num">{format(s.share, "ratio")}</b>
                {s.stage?.cohort && <span className={classes.of}>of a cohort</span>}
                <span className={classes.quiet}>{words(s, i, r)}</span>
                {s.at === "now" && r.stageBegan && (
                  <span className={classes.since}>
                    <Ago at={r.stageBegan} />
                  </span>
                )}
              </div>
              <Who step={s} />
              <Reached step={s} rollout={r} />
              <Soak step={s} />
              <Approved step={s} index={i} />
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** Who takes part in a stage that is not for everybody. */
function Who({ step: s }: { step: Step }) {
  const cohort = s.stage?.cohort;
  if (!cohort) return null;
  return (
    <Fact icon={<IconUsersGroup size={15} stroke={1.8} aria-hidden />}>
      <span className={classes.who}>{cohort.who}</span>
      <span className={`num ${classes.quiet}`}>
        <InLink href="/units" look="quiet">
          {format(cohort.units, "count")} units
        </InLink>
        {cohort.lowest !== undefined && `, the lowest has ${format(cohort.lowest, { unit: "" })}`}, digest{" "}
        <Copyable text={cohort.digest} shown={short(cohort.digest)} />
      </span>
    </Fact>
  );
}

/** Whom a stage reached so far, and whom it must reach before the next begins. */
function Reached({ step: s, rollout: r }: { step: Step; rollout: Rollout }) {
  const least = s.stage?.units ?? r.plan?.minimumUnits ?? 0;
  const met = s.canary + s.baseline + s.served > 0;
  const whole = s.share === 1 && !s.stage?.cohort;
  if (s.at === "ahead" && !met) {
    if (whole || r.first || least === 0 || !lives(r)) return null;
    return (
      <Fact icon={<IconUsers size={15} stroke={1.8} aria-hidden />}>
        <span className={`num ${classes.quiet}`}>at least {format(least, "count")} units</span>
      </Fact>
    );
  }
  if (!met && s.at !== "now") return null;
  const short = s.at === "now" && !r.first && s.served < least;
  return (
    <Fact icon={<IconUsers size={15} stroke={1.8} aria-hidden />}>
      <span className={`num ${classes.quiet}`}>
        served {format(s.served, "count")} units
        {short
          ? ` of ${format(least, "count")} needed`
          : `; met first: ${format(s.canary, "count")} new, ${format(s.baseline, "count")} old`}
      </span>
    </Fact>
  );
}

function Soak({ step: s }: { step: Step }) {
  const seconds = secondsIn(s.stage?.soak);
  if (seconds === 0) return null;
  return (
    <Fact icon={<IconClock size={15} stroke={1.8} aria-hidden />}>
      <span className={classes.quiet}>lasts {duration(seconds)} at the least</span>
    </Fact>
  );
}

/** Whether a person must approve a stage, and who did and why. */
function Approved({ step: s, index }: { step: Step; index: number }) {
  const approved = s.stage?.approved;
  if (s.gate === "none") return null;
  return (
    <Fact icon={<IconUserCheck size={15} stroke={1.8} aria-hidden />} gate={s.gate}>
      {approved ? (
        <>
          <span>
            approved by {approved.by}{" "}
            <span className={classes.quiet}>
              <Ago at={approved.at} />
            </span>
          </span>
          <q className={classes.reason}>{approved.reason}</q>
        </>
      ) : s.gate === "waits" ? (
        <b>waits for an approval</b>
      ) : (
        <span className={classes.quiet}>
          {s.gate === "void"
            ? "needed an approval"
            : index === 0
              ? "needs an approval, before production"
              : "needs an approval"}
        </span>
      )}
    </Fact>
  );
}

function Fact({ icon, gate, children }: { icon: ReactNode; gate?: string; children: ReactNode }) {
  return (
    <div className={classes.fact} data-gate={gate}>
      {icon}
      <div className={classes.said}>{children}</div>
    </div>
  );
}

function lives(r: Rollout): boolean {
  return r.phase === "starting" || r.phase === "running";
}

function stateOf(s: Step, index: number, r: Rollout): State {
  if (s.at === "ahead") return "waiting";
  if (s.at === "now") return r.held ? "held" : "running";
  const last = r.stage === index;
  return last && (r.phase === "rolled_back" || r.phase === "rolling_back") ? "rolled-back" : "done";
}

function words(s: Step, index: number, r: Rollout): string {
  if (s.at === "now") return r.held ? "held here" : "now";
  if (s.at === "past") {
    if (stateOf(s, index, r) === "rolled-back") return "taken back here";
    return s.share === 1 ? "by promotion" : "passed";
  }
  return lives(r) || r.phase === "promoting" ? "ahead" : "never reached";
}
