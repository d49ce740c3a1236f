import { useMemo } from "react";
import { millis } from "~/lib/time";
import { Ago } from "~/ui/Ago";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Prose } from "~/ui/Prose";
import { RowsSkeleton } from "~/ui/Skeletons";
import { Verdict } from "./About";
import classes from "./Change.module.css";
import { Composer } from "./Composer";
import type { ChangeDetail } from "./change";
import { ThreadView } from "./ThreadView";
import type { Discussion } from "./useDiscussion";

/** What was said about a change, in the order of time: threads and verdicts; and the place to say more. */
export function Conversation({ change: c, discussion }: { change: ChangeDetail; discussion: Discussion }) {
  const said = useMemo(
    () =>
      [
        ...discussion.threads.map((thread) => ({ at: thread.first.at, thread, review: undefined })),
        ...c.reviews.map((review) => ({ at: review.at, thread: undefined, review })),
      ].sort((a, b) => millis(a.at) - millis(b.at)),
    [discussion.threads, c.reviews],
  );
  return (
    <Panel title="Conversation" note={said.length || undefined} flush>
      {discussion.error ? (
        <Problem error={discussion.error} retry={discussion.retry} />
      ) : discussion.pending ? (
        <RowsSkeleton rows={3} />
      ) : (
        <ol className={classes.conversation}>
          {said.map(({ thread, review }) =>
            thread ? (
              <li key={thread.first.id}>
                <ThreadView change={c} thread={thread} discussion={discussion} where />
              </li>
            ) : (
              <li key={review.id} className={classes.review}>
                <div className={classes.by}>
                  <Verdict review={review} />
                  <Ago at={review.at} />
                </div>
                {review.body && <Prose text={review.body} />}
              </li>
            ),
          )}
          {said.length === 0 && (
            <li className={classes.none}>
              Nobody has said anything yet. Say something here, or at a line under “Files changed”.
            </li>
          )}
          {discussion.more && <li className={classes.none}>There is more than the first 500 comments.</li>}
        </ol>
      )}
      <div className={classes.say}>
        <Composer
          label="Say something about the change"
          draft={`comment ${c.id}`}
          action="Comment"
          onSend={(body) => discussion.add({ body })}
        />
      </div>
    </Panel>
  );
}
