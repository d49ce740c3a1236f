import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { CommitName, ComponentName, TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { ObjectThread } from "~/object/ObjectThread";
import { Outline } from "~/object/Outline";
import { reasonInWords } from "~/object/reason";
import { short } from "~/object/subject";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Artifact.module.css";
import type { Artifact } from "./artifact";
import { Bill } from "./Bill";
import { Levers } from "./Levers";
import { Provenance } from "./Provenance";
import { Verification } from "./Verification";

/** An image that the pipeline published: whether its evidence holds, what it is made of, and where it comes from. */
export function ArtifactPage() {
  const { digest } = useParams({ from: "/inside/artifacts/$digest" });
  const artifact = useQuery(ask("/api/v1/artifacts/{id}", { path: { id: digest }, kinds: ["rollout"] }));
  return (
    <Loaded
      query={artifact}
      kind="Artifact"
      title={short(digest)}
      outline={<Outline main={[180, 360]} aside={[240]} />}
    >
      {(a) => <ArtifactView artifact={a} />}
    </Loaded>
  );
}

function ArtifactView({ artifact: a }: { artifact: Artifact }) {
  const name = `${a.component} ${a.version}`;
  useCrumbs(
    useMemo(
      () => [
        { title: a.component, href: `/components/${a.component}?view=artifacts` },
        { title: `version ${a.version}`, href: `/artifacts/${a.digest}` },
      ],
      [a.component, a.version, a.digest],
    ),
  );
  const state = a.bad
    ? ({ state: "rolled-back", label: "marked bad" } as const)
    : a.verification.verified
      ? ({ state: "done", label: "verified" } as const)
      : ({ state: "failed", label: "not verified" } as const);
  return (
    <Page
      kind="Artifact"
      title={name}
      status={<Status look="pill" {...state} />}
      owner={<TeamName team={a.team} />}
      lead={
        <span>
          Published <Ago at={a.published} />, {format(a.size, "bytes")}.
        </span>
      }
      actions={<Levers artifact={a} />}
      thread={<ObjectThread kind="artifact" id={a.digest} component={a.component} />}
      aside={
        <>
          <Panel title="This image">
            <Details
              rows={[
                ["Component", <ComponentName key="c" component={a.component} />],
                ["Version", a.version],
                ["Digest", <Copyable key="d" text={a.digest} shown={short(a.digest)} />],
                ["Size", format(a.size, "bytes")],
                ["Commit", <CommitName key="s" component={a.component} commit={a.commit} />],
                [
                  "Run",
                  <InLink key="r" href={`/runs/${a.run}`} look="quiet">
                    run {a.version}
                  </InLink>,
                ],
              ]}
            />
            <div className={classes.pull}>
              <Copyable text={`docker pull ${location.host}/${a.repository}:${a.version}`} look="command" />
            </div>
          </Panel>
          <Provenance artifact={a} />
        </>
      }
      history={<ObjectHistory subject={`artifact/${a.digest}`} />}
    >
      {a.bad && (
        <div className={classes.bad} role="status">
          <Status state="rolled-back" label="Nothing applies it again until a person clears it" />
          {a.why && <p>{reasonInWords(a.why)}</p>}
        </div>
      )}
      <Verification artifact={a} />
      <Bill artifact={a} />
    </Page>
  );
}
