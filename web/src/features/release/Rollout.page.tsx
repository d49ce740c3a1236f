import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { FreezeBanner } from "~/features/freeze/FreezeBanner";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { ArtifactName, CommitName, ItemNames, TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { ended, rolloutState } from "~/object/states";
import { useCrumbs } from "~/shell/crumbs";
import { EvidenceChart } from "~/ui/EvidenceChart";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { ApprovalPanel } from "./ApprovalPanel";
import { Arms } from "./Arms";
import { freezeIn } from "./gates";
import { Levers } from "./Levers";
import { Measured } from "./Measured";
import { Metrics } from "./Metrics";
import { PlanPanel } from "./PlanPanel";
import { Ramp } from "./Ramp";
import { points, type Rollout, rolloutQuery, thresholds } from "./rollout";
import { StoryPanel } from "./StoryPanel";
import { Times } from "./Times";
import { WatchPanel } from "./WatchPanel";

/** A version on its way to the customers, with everything that its verdict rests on. */
export function RolloutPage() {
  const { id } = useParams({ from: "/inside/rollouts/$id" });
  const rollout = useQuery(rolloutQuery(id));
  return (
    <Loaded
      query={rollout}
      kind="Rollout"
      title="Rollout"
      outline={<Outline main={[190, 370, 210, 200]} aside={[210, 230, 260]} />}
    >
      {(r) => <RolloutView rollout={r} />}
    </Loaded>
  );
}

function RolloutView({ rollout: r }: { rollout: Rollout }) {
  const name = `${r.component} ${r.release}`;
  useCrumbs(
    useMemo(
      () => [
        { title: "Rollouts", href: "/delivery?view=rollouts" },
        { title: name, href: `/rollouts/${r.id}` },
      ],
      [name, r.id],
    ),
  );
  const { state, label } = rolloutState(r);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart changes with the trace alone
  const trace = useMemo(() => points(r), [r.trace]);
  const { rollbackAt, promoteAt } = thresholds(r);
  return (
    <Page
      kind="Rollout"
      title={name}
      status={
        <>
          <Status look="pill" state={state} label={label} />
          {r.lane === "hotfix" && (
            <Badge variant="light" color="gray" tt="none">
              hotfix lane
            </Badge>
          )}
        </>
      }
      owner={<TeamName team={r.team} />}
      lead={r.title}
      actions={<Levers rollout={r} />}
      thread={
        // Until it begins nothing hangs on it; what it shall bring does.
        r.started ? (
          <ObjectThread kind="rollout" id={r.id} component={r.component} />
        ) : (
          <ObjectThread kind="artifact" id={r.artifact} component={r.component} />
        )
      }
      aside={
        <>
          {r.watch ? <WatchPanel rollout={r} watch={r.watch} /> : <Ramp rollout={r} />}
          {!r.worker && <Measured rollout={r} />}
          <Times rollout={r} />
          <PlanPanel rollout={r} />
          <Panel title="Where it comes from">
            <Details
              rows={[
                [
                  "Component",
                  <InLink key="c" href={`/components/${r.component}`} look="quiet">
                    {r.component}
                  </InLink>,
                ],
                [
                  "Release",
                  r.releaseId && (
                    <InLink key="t" href={`/releases/${r.releaseId}`} look="quiet">
                      with other parts, together or not at all
                    </InLink>
                  ),
                ],
                ["Items", <ItemNames key="i" items={r.items} />],
                ["Commit", <CommitName key="s" component={r.component} commit={r.commit} />],
                [
                  "Run",
                  r.run && (
                    <InLink key="r" href={`/runs/${r.run}`} look="quiet">
                      run {r.release}
                    </InLink>
                  ),
                ],
                ["Artifact", <ArtifactName key="a" digest={r.artifact} />],
              ]}
            />
          </Panel>
        </>
      }
      history={<ObjectHistory subject={`rollout/${r.id}`} />}
    >
      {!ended(r.phase) && r.lane !== "hotfix" && !freezeIn(r.waiting) && (
        <FreezeBanner team={r.team} component={r.component} />
      )}
      <ApprovalPanel rollout={r} />
      <StoryPanel rollout={r} />
      {!r.worker && (
        <Panel
          title="Evidence"
          note={r.first ? "of the new version alone" : "of the new version against the old"}
        >
          <EvidenceChart points={trace} rollbackAt={rollbackAt} promoteAt={promoteAt} />
        </Panel>
      )}
      {!r.worker && <Arms rollout={r} />}
      {(!r.worker || r.plan?.metrics.length !== 0) && <Metrics rollout={r} />}
    </Page>
  );
}
