import { Details } from "~/object/Details";
import { CommitName, ComponentName, ItemNames } from "~/object/Names";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import classes from "./Change.module.css";
import { type ChangeDetail, checkState, type Review, uncounted, verdictWords } from "./change";
import { Preview } from "./Preview";

/** What stands beside the conversation: the change's facts, the checks of its head, and the verdicts. */
export function About({ change: c }: { change: ChangeDetail }) {
  const verdicts = c.reviews.filter((r) => r.verdict !== "comment");
  return (
    <>
      <Preview change={c} />
      <Panel title="Check of its head" note={c.checks.length > 1 ? `${c.checks.length} runs` : undefined}>
        {c.checks.length === 0 ? (
          <p className={classes.none}>
            {c.head
              ? "Not checked yet. A push to the branch runs the pipeline without publishing anything."
              : "The branch is not there, so nothing can be checked."}
          </p>
        ) : (
          <ul className={classes.rows}>
            {c.checks.map((k) => (
              <li key={k.run}>
                <div>
                  <InLink href={`/runs/${k.run}`} look="quiet">
                    <Status
                      {...checkState(k.state)}
                      label={`${checkState(k.state).label}${k.step ? ` in ${k.step}` : ""}`}
                    />
                  </InLink>
                  {k.reason && <div className={classes.quiet}>{k.reason}</div>}
                </div>
                <span className={classes.quiet}>
                  <Ago at={k.at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Reviews" note={c.needed > 0 ? `${c.approvals} of ${c.needed} approvals` : undefined}>
        {verdicts.length === 0 ? (
          <p className={classes.none}>
            {c.needed > 0
              ? "Nobody has given a verdict. It takes somebody who did not push to the branch."
              : "Nobody has given a verdict, and none is required."}
          </p>
        ) : (
          <ul className={classes.rows}>
            {verdicts
              .slice()
              .reverse()
              .map((r) => (
                <li key={r.id}>
                  <Verdict review={r} />
                  <span className={classes.quiet}>
                    <Ago at={r.at} />
                  </span>
                </li>
              ))}
          </ul>
        )}
      </Panel>
      <Panel title="This change">
        <Details
          rows={[
            ["Component", <ComponentName key="c" component={c.component} />],
            ["Branch", <Copyable key="b" text={c.branch} />],
            ["Head", c.head && <CommitName key="h" component={c.component} commit={c.head} />],
            ["Left the trunk at", c.fork && <CommitName key="f" component={c.component} commit={c.fork} />],
            ["Items", <ItemNames key="i" items={c.items} />],
            ["Opened by", c.author],
            ["Trunk", c.required ? "takes changes only" : "can be pushed to as well"],
          ]}
        />
      </Panel>
    </>
  );
}

/** A verdict, with why it does not count where it does not. */
export function Verdict({ review: r }: { review: Review }) {
  const not = uncounted(r);
  const state = not
    ? "waiting"
    : r.verdict === "approve"
      ? "done"
      : r.verdict === "comment"
        ? "waiting"
        : "held";
  return (
    <div>
      <Status state={state} label={`${r.reviewer} ${verdictWords(r.verdict)}`} />
      {not && <div className={classes.quiet}>{not}</div>}
    </div>
  );
}
