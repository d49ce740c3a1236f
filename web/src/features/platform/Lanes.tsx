import { IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { ArtifactName, CommitName } from "~/object/Names";
import { rolloutState, workloadState } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { type Around, type Component, type Lane, lanes } from "./components";
import classes from "./Lanes.module.css";

const titles: Record<Lane["name"], string> = { staging: "Staging", production: "Production" };

/** What runs where: each environment with its version, since when, by which change, and what is on its way in. */
export function Lanes({ component: c, around }: { component: Component; around: Around }) {
  const rollouts = useQuery(
    ask("/api/v1/rollouts", { query: { component: c.name, limit: 10 }, kinds: ["rollout"] }),
  );
  const all = lanes(c, around.environments, around.workloads, rollouts.data?.items ?? []);
  return (
    <Panel title="What runs where" flush>
      <div className={classes.lanes}>
        {all.map((l) => (
          <LaneView key={l.name} component={c.name} lane={l} />
        ))}
      </div>
    </Panel>
  );
}

function LaneView({ component, lane: l }: { component: string; lane: Lane }) {
  const commit = useQuery({
    ...ask("/api/v1/components/{name}/commits/{sha}", {
      path: { name: component, sha: l.live?.commit ?? "" },
    }),
    enabled: l.live !== undefined,
    staleTime: Number.POSITIVE_INFINITY, // a commit does not change
  });
  return (
    <section className={classes.lane} aria-label={titles[l.name]}>
      <header className={classes.head}>
        <h3 className={classes.name}>{titles[l.name]}</h3>
        {l.workloads.some((w) => w.worker) ? (
          <span className={classes.quiet}>a worker, serves nothing</span>
        ) : (
          <a className={classes.url} href={l.url} target="_blank" rel="noreferrer">
            {l.url.replace(/^https?:\/\//, "").replace(/\/$/, "")}
            <IconExternalLink size={13} aria-hidden />
          </a>
        )}
      </header>
      {l.live ? (
        <>
          <div className={classes.version}>
            <span className={`num ${classes.figure}`}>version {l.live.release}</span>
            <span className={classes.quiet}>
              since <Ago at={l.live.since} />
            </span>
          </div>
          <div className={classes.change}>
            <CommitName component={component} commit={l.live.commit} />
            <span className={classes.title}>{commit.data?.title ?? ""}</span>
          </div>
          <div className={classes.quiet}>
            artifact <ArtifactName digest={l.live.artifact} />
          </div>
        </>
      ) : (
        <p className={classes.none}>
          {l.name === "staging"
            ? "Nothing yet. A version comes here first, as soon as the pipeline has published it."
            : "Nothing yet. A version comes here once staging has proved it."}
        </p>
      )}
      {l.rollout && (
        <InLink href={`/rollouts/${l.rollout.id}`} look="quiet" className={classes.rollout}>
          <Status
            state={rolloutState(l.rollout).state}
            label={`version ${l.rollout.release}: ${rolloutState(l.rollout).label}`}
          />
          {!l.rollout.worker && (
            <span className={classes.bar} aria-hidden>
              <span style={{ width: `${l.rollout.share * 100}%` }} />
            </span>
          )}
        </InLink>
      )}
      {l.workloads.length > 0 && (
        <ul className={classes.workloads}>
          {l.workloads.map((w) => (
            <li key={w.id}>
              <Status {...workloadState(w)} />
              <span className={`num ${classes.quiet}`}>
                version {w.release}
                {l.workloads.length > 1 && !w.worker ? `, ${format(w.share, "ratio")} of units` : ""},{" "}
                {format(w.memory, "bytes")}
                {w.restarts > 0 ? `, ${w.restarts} restarts` : ""}
              </span>
              <InLink
                className={classes.log}
                href={`/components/${component}?view=workloads&log=${encodeURIComponent(w.id)}`}
              >
                log
              </InLink>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
