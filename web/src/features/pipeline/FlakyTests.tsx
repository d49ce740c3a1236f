import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./FlakyTests.module.css";
import { nameOf } from "./tests";

/** The tests of a component that both passed and failed on the same files; nothing while there are none. */
export function FlakyTests({ component }: { component: string }) {
  const flaky = useQuery(
    ask("/api/v1/components/{name}/flaky-tests", { path: { name: component }, kinds: ["run", "check"] }),
  );
  if (flaky.error && !flaky.data) {
    return <Problem error={flaky.error} retry={() => void flaky.refetch()} look="line" />;
  }
  if (!flaky.data || flaky.data.items.length === 0) return null;
  return (
    <Panel title="Flaky tests" note={flaky.data.items.length}>
      <p className={classes.lead}>
        They both passed and failed on the same files, in the component's last 100 runs that had tests.
      </p>
      <ul className={classes.list}>
        {flaky.data.items.map((f) => (
          <li key={`${f.step} ${nameOf(f)}`}>
            <span className={classes.name} title={nameOf(f)}>
              {f.name} <span className={classes.quiet}>{f.suite}</span>
            </span>
            <span className={`num ${classes.quiet}`}>
              failed {f.failed} of {f.failed + f.passed} times
            </span>
            <InLink href={`/runs/${f.run}?step=${encodeURIComponent(f.step)}`}>run {f.number}</InLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
