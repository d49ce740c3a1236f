import { Badge } from "@mantine/core";
import classes from "./BranchName.module.css";
import type { Run } from "./run";

/** What a run that publishes nothing came of. */
export function eventLabel(event: Run["event"]): string {
  if (event === "schedule") return "scheduled";
  return event === "manual" ? "by hand" : "check";
}

/** The branch of a run, marked when nothing of it is published. */
export function BranchName({ run }: { run: Pick<Run, "branch" | "check" | "event"> }) {
  return (
    <span className={classes.branch}>
      <span className={classes.name} title={run.branch}>
        {run.branch}
      </span>
      {run.check && (
        <Badge
          variant="light"
          color="gray"
          size="sm"
          tt="none"
          flex="none"
          title="Its steps run; nothing is published."
        >
          {eventLabel(run.event)}
        </Badge>
      )}
    </span>
  );
}
