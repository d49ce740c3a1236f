import { ArtifactsTable } from "~/features/delivery/ArtifactsTable";
import { CommitsTable } from "~/features/delivery/CommitsTable";
import { RolloutsTable } from "~/features/delivery/RolloutsTable";
import { RunsTable } from "~/features/delivery/RunsTable";
import { FlakyTests } from "~/features/pipeline/FlakyTests";
import { StartRun } from "~/features/pipeline/StartRun";
import { Panel } from "~/ui/Panel";

/** A component's rollouts, runs, artifacts or commits, the newest first. */
export function ComponentLists(props: {
  component: string;
  view: "rollouts" | "runs" | "artifacts" | "commits";
}) {
  const { component, view } = props;
  return (
    <>
      {view === "runs" && <FlakyTests component={component} />}
      {view === "runs" && <StartRun component={component} />}
      <Panel flush>
        {view === "rollouts" && <RolloutsTable component={component} />}
        {view === "runs" && <RunsTable component={component} />}
        {view === "artifacts" && <ArtifactsTable component={component} />}
        {view === "commits" && <CommitsTable component={component} />}
      </Panel>
    </>
  );
}
