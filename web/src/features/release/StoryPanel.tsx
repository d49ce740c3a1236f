import { IconHourglassHigh, IconPackages, IconSnowflake } from "@tabler/icons-react";
import { hrefOf } from "~/object/subject";
import { InLink } from "~/ui/InLink";
import { Num } from "~/ui/Num";
import { Panel } from "~/ui/Panel";
import { StatusIcon } from "~/ui/Status";
import { named } from "./compose";
import { freezeIn, ofWhom } from "./gates";
import { delays, type Rollout, story } from "./rollout";
import classes from "./StoryPanel.module.css";

/** What is known, what is decided or what it waits for, in one paragraph, with the figures that matter most. */
export function StoryPanel({ rollout: r }: { rollout: Rollout }) {
  const { state, headline, reason, waiting } = story(r);
  const gap = delays(r);
  const harm = r.verdict?.harmNotRuledOut;
  const met = r.arms.find((a) => a.name === "canary")?.units ?? null;
  const freeze = freezeIn(waiting);
  const settled = r.phase === "promoted" || r.phase === "rolled_back";
  return (
    <Panel>
      <div className={classes.story} data-state={state}>
        <h2 className={classes.headline}>
          <StatusIcon state={state} size={22} />
          {headline}
        </h2>
        {reason && <p className={classes.reason}>{reason}</p>}
        {freeze && (
          <p className={classes.waiting}>
            <IconSnowflake size={16} stroke={1.8} aria-hidden />
            <span>
              {freeze.ready ? "The evidence suffices; it" : "It"} waits for the freeze{" "}
              <InLink href="/freezes">“{freeze.name}”</InLink> to end, at {freeze.until}, which {freeze.by}{" "}
              declared. Evidence of harm still takes it back; hotfixes may go.
            </span>
          </p>
        )}
        {waiting && !freeze && r.awaits === undefined && (
          <p className={classes.waiting}>
            <IconHourglassHigh size={16} stroke={1.8} aria-hidden />
            <span>{waiting}</span>
          </p>
        )}
        {r.releaseId && (
          <p className={classes.waiting}>
            <IconPackages size={16} stroke={1.8} aria-hidden />
            <span>
              It goes with other parts, together or not at all:{" "}
              <InLink href={hrefOf(`release/${r.releaseId}`)}>the release</InLink>.
            </span>
          </p>
        )}
        {r.phase === "queued" && !r.releaseId && (
          <p className={classes.waiting}>
            <IconPackages size={16} stroke={1.8} aria-hidden />
            <span>
              <InLink href={`/releases/new?parts=${named(r)}`}>See what would go together with it</InLink>
            </span>
          </p>
        )}
        {r.bad && (
          <p className={classes.waiting}>
            <StatusIcon state="rolled-back" size={16} />
            <span>
              Nothing applies this version again until a person clears it on{" "}
              <InLink href={hrefOf(`artifact/${r.artifact}`)}>its artifact's page</InLink>.
            </span>
          </p>
        )}
      </div>
      <dl className={classes.figures}>
        {r.watch ? (
          <>
            <Figure name="Ended by itself" bad={r.watch.crashed > 0}>
              <Num
                look="figure"
                value={r.started ? r.watch.crashed : null}
                definition="How often a process of the new version ended by itself since it is watched."
              />
            </Figure>
            {!r.first && (
              <Figure name="Version before">
                <Num
                  look="figure"
                  value={r.started ? r.watch.baseline : null}
                  definition="How often the version before did in the same time."
                />
              </Figure>
            )}
          </>
        ) : r.first && r.requests === 0 ? (
          <Figure name="Probes">
            <Num
              look="figure"
              value={met}
              definition="Synthetic units that the factory sent to the first version, since nobody is served yet."
            />
          </Figure>
        ) : (
          <>
            <Figure name="Requests">
              <Num
                look="figure"
                value={r.requests}
                definition="Requests that both versions got during this rollout."
              />
            </Figure>
            <Figure name="Unanswered" bad={r.unanswered > 0}>
              <Num
                look="figure"
                value={r.requests > 0 ? r.unanswered : null}
                n={r.requests}
                definition="Requests that got no answer from a service: the gateway's own refusals and broken connections."
              />
            </Figure>
          </>
        )}
        {!r.watch && (
          <Figure name="Possible harm">
            <Num
              look="figure"
              value={harm ?? null}
              unit="ratio"
              definition="Largest share of the new version's units that may be failing for all that is known."
            />
          </Figure>
        )}
        {settled ? (
          <>
            <Figure name="Verdict after">
              <Num
                look="figure"
                value={gap.verdict}
                unit="seconds"
                definition="From the event that decided to the verdict."
              />
            </Figure>
            <Figure name="Traffic after">
              <Num
                look="figure"
                value={gap.traffic}
                unit="seconds"
                definition="From the verdict to the first moment at which no new request disobeyed it."
              />
            </Figure>
          </>
        ) : r.watch ? null : (
          <Figure name="On the new version">
            <Num
              look="figure"
              value={r.share}
              unit="ratio"
              definition={`Share ${ofWhom(r)}, not of requests.`}
            />
          </Figure>
        )}
      </dl>
    </Panel>
  );
}

function Figure({ name, bad, children }: { name: string; bad?: boolean; children: React.ReactNode }) {
  return (
    <div className={classes.figure} data-bad={bad || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
