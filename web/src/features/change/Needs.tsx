import { Button } from "@mantine/core";
import { IconArrowBackUp, IconCircleCheckFilled, IconCircleDashed, IconLoader2 } from "@tabler/icons-react";
import { CommitName } from "~/object/Names";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Change.module.css";
import type { Acts } from "./Change.page";
import { type ChangeDetail, checkState, leverOf } from "./change";

/** Where a change stands: what its merge still waits for, each with what helps; or how it ended. */
export function Needs({ change: c, acts }: { change: ChangeDetail; acts: Acts }) {
  if (c.state === "merged")
    return (
      <Panel title="It is in the trunk">
        <p className={classes.line}>
          <IconCircleCheckFilled size={18} className={classes.good} aria-hidden />
          <span>
            {c.mergedBy} had it merged <Ago at={c.merged} />
            {c.commit && (
              <>
                {" "}
                as <CommitName component={c.component} commit={c.commit} />
              </>
            )}
            . What became of it stands in its thread.
          </span>
        </p>
      </Panel>
    );
  if (c.state === "closed")
    return (
      <Panel title="It was closed">
        <p className={classes.line}>
          <span>
            {c.closedBy} closed it <Ago at={c.closed} /> without merging it. Its branch stays.
          </span>
          <Button size="xs" variant="default" onClick={acts.reopen}>
            Open it again
          </Button>
        </p>
      </Panel>
    );
  return (
    <Panel
      title={c.state === "queued" ? "On its way into the trunk" : "What it still needs"}
      note={c.state === "open" && c.needs.length > 0 ? c.needs.length : undefined}
    >
      {c.returned && c.state === "open" && (
        <p className={classes.returned} role="status">
          <IconArrowBackUp size={18} stroke={1.8} aria-hidden />
          <span>
            <b>It came back from the merge queue.</b> {c.returned}
          </span>
        </p>
      )}
      {c.queue && <Queue change={c} queue={c.queue} />}
      {c.state === "open" && c.needs.length === 0 && (
        <p className={classes.line}>
          <IconCircleCheckFilled size={18} className={classes.good} aria-hidden />
          <span>
            Nothing: it is checked{c.approvals > 0 && ", approved"}, and merges cleanly. It can be merged now.
          </span>
        </p>
      )}
      {c.needs.length > 0 && (
        <ul className={classes.needs}>
          {c.needs.map((need) => (
            <li key={need}>
              <IconCircleDashed size={18} stroke={1.8} className={classes.wait} aria-hidden />
              <span className={classes.need}>{need}</span>
              <Help need={need} change={c} acts={acts} />
            </li>
          ))}
        </ul>
      )}
      {c.behind > 0 && c.merges === "clean" && (
        <p className={classes.aside}>
          The trunk has {c.behind} {c.behind === 1 ? "commit" : "commits"} that it does not have. The queue
          merges them and checks the outcome.
        </p>
      )}
    </Panel>
  );
}

/** What helps against one thing that is missing. */
function Help({ need, change: c, acts }: { need: string; change: ChangeDetail; acts: Acts }) {
  const check = c.checks[0];
  switch (leverOf(need)) {
    case "check":
      return (
        <span className={classes.help}>
          {check && (
            <Button
              size="compact-sm"
              variant="default"
              component={InLink}
              look="bare"
              href={`/runs/${check.run}`}
            >
              See the run
            </Button>
          )}
          {check && check.state !== "queued" && check.state !== "succeeded" && (
            <Button size="compact-sm" variant="default" onClick={() => acts.retry(check.run)}>
              Run it again
            </Button>
          )}
        </span>
      );
    case "review":
      return c.own ? (
        <span className={classes.quiet}>Yours would not count</span>
      ) : (
        <Button size="compact-sm" variant="default" onClick={acts.review}>
          Review it
        </Button>
      );
    case "answer":
    case "edit":
      return (
        <Button
          size="compact-sm"
          variant="default"
          component={InLink}
          look="bare"
          href={`/components/${encodeURIComponent(c.component)}/files?at=${encodeURIComponent(c.branch)}`}
        >
          Edit the branch
        </Button>
      );
    case "update":
      return <Copyable look="command" text={`git switch ${c.branch} && git pull origin main && git push`} />;
    default:
      return null;
  }
}

function Queue({ change: c, queue: q }: { change: ChangeDetail; queue: NonNullable<ChangeDetail["queue"]> }) {
  return (
    <div className={classes.queue}>
      <p className={classes.line}>
        <IconLoader2 size={18} stroke={1.8} aria-hidden />
        <span>
          {q.position === 1 ? "It is the next one" : `It is number ${q.position}`} in the merge queue of{" "}
          {c.component}, since <Ago at={q.since} />. {q.by} had it queued.
        </span>
      </p>
      {q.candidate && (
        <p className={classes.line}>
          <span>
            Its merge with the trunk, <CommitName component={c.component} commit={q.candidate} />, is tried
            out:
          </span>
          {q.run ? (
            <InLink href={`/runs/${q.run}`} look="quiet">
              <Status {...checkState(q.check)} />
            </InLink>
          ) : (
            <Status {...checkState(q.check)} />
          )}
        </p>
      )}
    </div>
  );
}
