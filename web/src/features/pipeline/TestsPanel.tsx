import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ask, type Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { duration } from "~/lib/time";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { over, type Run } from "./run";
import classes from "./TestsPanel.module.css";
import { inSum, nameOf } from "./tests";

type Tests = Schemas["RunTests"];
type Case = Schemas["TestCase"];

/** What a run's tests said: failures with their output, then the slowest. Nothing when no step names reports. */
export function TestsPanel({ run }: { run: Run }) {
  const tests = useQuery({
    ...ask("/api/v1/runs/{id}/tests", { path: { id: run.id } }),
    refetchInterval: over(run.state) ? false : 2000, // steps end without a fact each
  });
  if (tests.error && !tests.data) {
    return <Problem error={tests.error} retry={() => void tests.refetch()} look="line" />;
  }
  const t = tests.data;
  if (!t || t.reports.length === 0) return null;
  return (
    <Panel title="Tests" note={inSum(t)}>
      <div className={classes.body}>
        {t.reports
          .filter((r) => r.problem)
          .map((r) => (
            <p key={`${r.step} ${r.attempt}`} className={classes.problem}>
              <Status state="waiting" label={`Not read in ${r.step}`} /> {r.problem}
            </p>
          ))}
        {t.reports
          .filter((r) => r.from)
          .map((r) => (
            <p key={`${r.step} ${r.attempt}`} className={classes.quiet}>
              {r.step} was restored: its tests ran in{" "}
              <InLink href={`/runs/${r.from?.run}`}>run {r.from?.number}</InLink>.
            </p>
          ))}
        <Failures tests={t} />
        <Slowest tests={t} />
        {t.kept && t.total > 0 && t.failed.length === 0 && t.slowest.length === 0 && (
          <p className={classes.quiet}>None failed, and none took long enough to be measured.</p>
        )}
        {!t.kept && t.total > 0 && (
          <p className={classes.quiet}>
            The single tests of this run are not kept any more: those of the component's last 100 runs are.
          </p>
        )}
      </div>
    </Panel>
  );
}

function Failures({ tests: t }: { tests: Tests }) {
  if (t.failed.length === 0) return null;
  return (
    <ul className={classes.list} aria-label="Tests that failed">
      {t.failed.map((c, i) => (
        <li key={`${c.step} ${c.attempt} ${c.suite} ${c.name}`}>
          <details open={i < 3} className={classes.failure}>
            <summary>
              <Status state="failed" label="failed" />
              <Name test={c} />
              {c.attempt > 1 && <span className={classes.quiet}>attempt {c.attempt}</span>}
              <span className={`num ${classes.took}`}>{duration(c.took)}</span>
            </summary>
            {c.output ? <pre>{c.output}</pre> : <p className={classes.quiet}>It printed nothing.</p>}
          </details>
        </li>
      ))}
    </ul>
  );
}

function Slowest({ tests: t }: { tests: Tests }) {
  const [longest] = t.slowest;
  if (!longest) return null;
  return (
    <details className={classes.slowest} open={t.failed.length === 0}>
      <summary>
        Slowest <span className={classes.quiet}>{format(t.slowest.length, "count")}</span>
      </summary>
      <ol className={classes.list}>
        {t.slowest.map((c) => (
          <li key={`${c.step} ${c.attempt} ${c.suite} ${c.name}`} className={classes.slow}>
            <Name test={c} />
            <span className={classes.bar} aria-hidden>
              <i style={{ width: `${(100 * c.took) / longest.took}%` }} />
            </span>
            <span className={`num ${classes.took}`}>{duration(c.took)}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Name({ test: c }: { test: Case }) {
  return (
    <span className={classes.name} title={nameOf(c)}>
      {c.name}
      {c.suite && <span className={classes.quiet}> {c.suite}</span>}
      {c.flaky && (
        <Badge
          variant="light"
          color="gray"
          size="sm"
          tt="none"
          ml={8}
          title="It both passed and failed on the same files."
        >
          flaky
        </Badge>
      )}
    </span>
  );
}
