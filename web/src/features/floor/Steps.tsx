import { Button } from "@mantine/core";
import { IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import classes from "./Steps.module.css";

const steps = [
  {
    title: "Say why",
    text: "A vision, an objective and the key result that tells whether it is reached.",
    command: "factory apply -f organisation/",
    href: "/board",
    action: "Set the vision",
  },
  {
    title: "Found a team",
    text: "It has a board with limits on work in progress from the first minute.",
    command: "factory team create engine",
    href: "/teams",
    action: "Open Teams",
  },
  {
    title: "Give it a component",
    text: "Repository, pipeline, environments, dashboard and alerts, live in production.",
    command: "factory component create engine-controller --team engine --template go-service",
    href: "/platform",
    action: "Open Platform",
  },
] as const;

/** How far a factory has been set up: a vision, a team, a component. */
export function useStarted(vision: boolean): readonly [boolean, boolean, boolean] | undefined {
  const teams = useQuery(ask("/api/v1/teams", { query: { limit: 1 }, kinds: ["team"] }));
  const components = useQuery(ask("/api/v1/components", { query: { limit: 1 }, kinds: ["component"] }));
  if (!teams.data || !components.data) return undefined;
  return [vision, teams.data.items.length > 0, components.data.items.length > 0];
}

/** The three next steps of a factory that does not run yet. */
export function Steps({ done }: { done: readonly boolean[] }) {
  const next = done.indexOf(false);
  return (
    <Panel title="Three steps to a running factory">
      <ol className={classes.steps}>
        {steps.map((s, i) => (
          <li
            key={s.title}
            className={classes.step}
            data-done={done[i] || undefined}
            data-next={i === next || undefined}
          >
            <span className={`num ${classes.count}`}>
              {done[i] ? <IconCircleCheckFilled size={26} aria-label="done" /> : i + 1}
            </span>
            <div className={classes.words}>
              <h3 className={classes.title}>{s.title}</h3>
              <p className={classes.text}>{s.text}</p>
              {!done[i] && (
                <div className={classes.ways}>
                  <Button
                    component={InLink}
                    href={s.href}
                    look="bare"
                    size="xs"
                    variant={i === next ? "filled" : "default"}
                  >
                    {s.action}
                  </Button>
                  <Copyable text={s.command} look="command" />
                </div>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
