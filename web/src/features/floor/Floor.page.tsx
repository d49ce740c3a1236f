import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import classes from "./Floor.module.css";

const steps = [
  {
    title: "Say why",
    text: "A vision, an objective and the key result that tells whether it is reached.",
    command: "factory apply -f organisation/",
    href: "/board",
    area: "Board",
  },
  {
    title: "Found a team",
    text: "It has a board with limits on work in progress from the first minute.",
    command: "factory team create engine",
    href: "/teams",
    area: "Teams",
  },
  {
    title: "Give it a component",
    text: "Repository, pipeline, environments, dashboard and alerts, live in production.",
    command: "factory component create engine-controller --team engine --template go-service",
    href: "/platform",
    area: "Platform",
  },
] as const;

/** The home page: the value stream from the vision to the customers and back. */
export function FloorPage() {
  return (
    <Page title="Floor" lead="From the vision to what customers do, and back.">
      <Panel title="Three steps to a running factory">
        <ol className={classes.steps}>
          {steps.map((s, i) => (
            <li key={s.title} className={classes.step}>
              <span className={`num ${classes.count}`} aria-hidden>
                {i + 1}
              </span>
              <h3 className={classes.title}>{s.title}</h3>
              <p className={classes.text}>{s.text}</p>
              <Copyable text={s.command} look="command" />
              <InLink href={s.href} className={classes.link}>
                Open {s.area}
              </InLink>
            </li>
          ))}
        </ol>
      </Panel>
    </Page>
  );
}
