import { IconRulerMeasure } from "@tabler/icons-react";
import { format } from "~/lib/number";
import { metricNames } from "~/object/reason";
import { Empty } from "~/ui/Empty";
import { odds, progress } from "~/ui/evidence";
import { Interval } from "~/ui/Interval";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { Compared } from "./Compared";
import classes from "./Metrics.module.css";
import { counted } from "./metric";
import { type MetricVerdict, type Rollout, rate, rateSays, ratio, ratioSays } from "./rollout";

/** Each metric that is judged: its interval against its margin, and how far the evidence has come on each way. */
export function Metrics({ rollout: r }: { rollout: Rollout }) {
  const metrics = r.verdict?.metrics ?? [];
  return (
    <Panel title="Metrics" note={metrics.length > 1 ? `${metrics.length}, all must be fine` : undefined}>
      {metrics.length === 0 ? (
        <Empty icon={IconRulerMeasure} title="Nothing is judged yet" small>
          Each metric of the plan is judged from the first request on, at every look, without a fixed time.
        </Empty>
      ) : (
        <div className={classes.list}>
          {metrics.map((m) => (
            <Metric key={m.name} metric={m} rollout={r} />
          ))}
        </div>
      )}
      {r.plan && r.plan.unwatched.length > 0 && !r.first && (
        <ul className={classes.unwatched}>
          {r.plan.unwatched.map((u) => (
            <li key={u.name}>
              <b>{metricNames[u.name] ?? u.name}</b> is not watched in this rollout: {u.why}.
            </li>
          ))}
        </ul>
      )}
      {r.verdict?.control?.broken && (
        <p className={classes.split}>
          The old version fails itself: {r.verdict.control.failed} of the {r.verdict.control.units} units that
          met it had {metricNames[r.verdict.control.metric] ?? r.verdict.control.metric}. Nothing rests on a
          comparison with it.
        </p>
      )}
      {r.verdict?.splitBroken && (
        <p className={classes.split}>
          The split between the versions is not what the plan promised: evidence {odds(r.verdict.splitLogE)},
          broken at {odds(r.verdict.splitThreshold)}. No promotion can rest on these counts.
        </p>
      )}
    </Panel>
  );
}

function Metric({ metric: m, rollout: r }: { metric: MetricVerdict; rollout: Rollout }) {
  const planned = r.plan?.metrics.find((p) => p.name === m.name);
  const words = {
    promote: {
      state: "done",
      label:
        m.basis === "watched"
          ? "watched, no harm shown"
          : m.basis === "aside"
            ? "stands aside"
            : "shown to be fine",
    },
    hold: { state: "waiting", label: "not decided" },
    roll_back: { state: "rolled-back", label: "shown to harm" },
  } as const;
  return (
    <section className={classes.metric}>
      <header className={classes.head}>
        <h3 className={classes.name}>{metricNames[m.name] ?? m.name}</h3>
        <Status {...words[m.decision]} />
      </header>
      {planned && <p className={classes.counted}>{counted(planned)}</p>}
      <div className={classes.intervals}>
        {m.kind === "server-errors" ? (
          <Errors metric={m} rollout={r} />
        ) : (
          planned && <Compared metric={m} planned={planned} />
        )}
      </div>
      <div className={classes.ways}>
        <Way tone="failed" name="Harm" aim="rolls back" log={m.logE} threshold={m.threshold} />
        {!r.first && planned?.role !== "guardrail" && (
          <Way
            tone="done"
            name="Not worse"
            aim="promotes"
            log={m.logEPromote}
            threshold={m.promoteThreshold}
            basis={m.basis === "not_worse"}
          />
        )}
        {m.kind === "server-errors" && r.plan && r.plan.acceptedRate > 0 && (
          <Way
            tone="done"
            name={`Below ${format(r.plan.acceptedRate, "ratio")}`}
            aim="promotes"
            log={m.logEAccepted}
            threshold={m.promoteThreshold}
            basis={m.basis === "below_accepted_rate"}
          />
        )}
      </div>
    </section>
  );
}

/** Units that met a server error: against the old version, and the new one alone. */
function Errors({ metric: m, rollout: r }: { metric: MetricVerdict; rollout: Rollout }) {
  const against = ratio(m, r.plan);
  return (
    <>
      {!r.first && (
        <div>
          <Interval
            label="Against the old version"
            unit={{ unit: "times" }}
            better="lower"
            none={1}
            noneWord="the same"
            says={ratioSays(m)}
            {...against}
          />
          <p className={classes.note}>
            <span className="num">
              {format(m.canary, "count")} of {format(against.n, "count")}
            </span>{" "}
            failing units are on the new version; its share alone would bring{" "}
            <span className="num">{format(m.expected, "count")}</span>.
          </p>
        </div>
      )}
      <div>
        <Interval
          label="The new version alone"
          unit="ratio"
          better="lower"
          noneWord="none"
          says={rateSays(m)}
          {...rate(m, r.plan)}
        />
        <p className={classes.note}>
          <span className="num">
            {format(m.failures, "count")} of {format(m.units, "count")}
          </span>{" "}
          units that it served ever failed there; up to{" "}
          <span className="num">{format(m.rateUpper, "ratio")}</span> may be failing for all that is known.
        </p>
      </div>
    </>
  );
}

function Way(props: {
  tone: "done" | "failed";
  name: string;
  aim: string;
  log: number;
  threshold: number;
  basis?: boolean;
}) {
  const { tone, name, aim, log, threshold, basis } = props;
  const part = progress(log, threshold);
  return (
    <div className={classes.way}>
      <div className={classes.words}>
        <b>{name}</b> <span className="num">{odds(log)}</span>
        <span className={`num ${classes.aim}`}>
          {basis ? "this decided" : `${aim} at ${odds(threshold)}`}
        </span>
      </div>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label={`Evidence: ${name}`}
        aria-valuenow={Math.floor(part * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <span style={{ width: `${part * 100}%`, background: `var(--f-${tone})` }} />
      </div>
    </div>
  );
}
