import { Button } from "@mantine/core";
import { IconHourglassHigh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { exact } from "~/lib/time";
import { Details } from "~/object/Details";
import { Loaded } from "~/object/Loaded";
import { TeamName } from "~/object/Names";
import { ObjectHistory } from "~/object/ObjectHistory";
import { Outline } from "~/object/Outline";
import { releaseState, rolloutState } from "~/object/states";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status, StatusIcon } from "~/ui/Status";
import { named } from "./compose";
import { Links } from "./Links";
import classes from "./Release.module.css";
import { headline, partNote, type Release, releaseQuery } from "./release";

/** Versions that roll out together or not at all: in which order, why together, and how each stands. */
export function ReleasePage() {
  const { id } = useParams({ from: "/inside/releases/$id" });
  const release = useQuery(releaseQuery(id));
  return (
    <Loaded
      query={release}
      kind="Release"
      title="Release"
      outline={<Outline main={[120, 240, 160]} aside={[200]} thread={false} />}
    >
      {(r) => <ReleaseView release={r} />}
    </Loaded>
  );
}

function ReleaseView({ release: r }: { release: Release }) {
  useCrumbs(
    useMemo(
      () => [
        { title: "Releases", href: "/delivery?view=releases" },
        { title: r.name, href: `/releases/${r.id}` },
      ],
      [r.name, r.id],
    ),
  );
  const { state, label } = releaseState(r.state);
  const cause = r.parts.find((p) => p.rollout === r.cause);
  return (
    <Page
      kind="Release"
      title={r.name}
      status={<Status look="pill" state={state} label={label} />}
      lead={r.why}
      actions={
        (r.state === "rolled_back" || r.state === "failed") && (
          <Button
            component={InLink}
            href={`/releases/new?parts=${r.parts.map(named).join(",")}`}
            look="bare"
            variant="default"
          >
            Compose it again
          </Button>
        )
      }
      history={<ObjectHistory subject={`release/${r.id}`} />}
      aside={
        <Panel title="How it came to be">
          <Details
            rows={[
              ["Chosen by", r.byHand ?? "the factory, because of what the versions require"],
              ["Assembled", <Ago key="c" at={r.created} />],
              ["Ended", r.finished && <span key="f">{exact(r.finished)}</span>],
              [
                "Taken back by",
                cause && (
                  <InLink key="b" href={`/rollouts/${cause.rollout}`} look="quiet">
                    {cause.component} {cause.release}
                  </InLink>
                ),
              ],
            ]}
          />
        </Panel>
      }
    >
      <Panel>
        <h2 className={classes.headline}>
          <StatusIcon state={state} size={22} />
          {headline(r)}
        </h2>
        {r.reason && <p className={classes.text}>{r.reason}</p>}
        {r.waiting && (
          <p className={classes.waiting}>
            <IconHourglassHigh size={16} stroke={1.8} aria-hidden />
            <span>Waits for {r.waiting}</span>
          </p>
        )}
      </Panel>
      <Panel title="Parts" note="in the order in which they go; back they go in reverse">
        <ol className={classes.parts}>
          {r.parts.map((p, i) => {
            const said = p.standing && rolloutState(p.standing);
            const note = partNote(r, p);
            return (
              <li key={p.rollout} className={classes.part}>
                <span className={`num ${classes.place}`}>{i + 1}</span>
                <div className={classes.words}>
                  <div className={classes.line}>
                    <InLink href={`/rollouts/${p.rollout}`}>
                      {p.component} {p.release}
                    </InLink>
                    {p.standing?.baseline && (
                      <span className={classes.quiet}>replaces {p.standing.baseline}</span>
                    )}
                    <span className={classes.quiet}>
                      <TeamName team={p.team} />
                    </span>
                    {said && (
                      <span className={classes.state}>
                        <Status state={said.state} label={said.label} />
                      </span>
                    )}
                  </div>
                  {note && <p className={classes.note}>{note}</p>}
                </div>
              </li>
            );
          })}
        </ol>
      </Panel>
      <Panel title="How requirements are met" note="as it was assembled">
        {r.links.length === 0 ? (
          <p className={classes.text}>
            The parts require nothing of each other: a person wants them together.
          </p>
        ) : (
          <Links links={r.links} />
        )}
      </Panel>
    </Page>
  );
}
