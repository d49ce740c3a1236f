import { Badge } from "@mantine/core";
import classes from "./BranchName.module.css";

/** The branch of a run, marked when the run only checks it: nothing is published. */
export function BranchName({ run }: { run: { branch: string; check: boolean } }) {
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
          check
        </Badge>
      )}
    </span>
  );
}
