import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useState } from "react";
import { changeHref, short } from "~/object/subject";
import { Ago } from "~/ui/Ago";
import { InLink } from "~/ui/InLink";
import { Prose } from "~/ui/Prose";
import { sayProblem } from "~/ui/say";
import { placeText } from "../source/diff";
import classes from "./Change.module.css";
import { Composer } from "./Composer";
import { type Comment, type Thread, whereWords } from "./change";
import type { Discussion } from "./useDiscussion";

interface Props {
  change: { id: string; head: string };
  thread: Thread;
  discussion: Discussion;
  /** says which line it is about, where that is not seen */
  where?: boolean;
}

/** A thread of the discussion, which can be answered and settled. What is settled is folded. */
export function ThreadView({ change, thread, discussion, where = false }: Props) {
  const { first, replies } = thread;
  const [open, setOpen] = useState(false);
  const [answering, setAnswering] = useState(false);
  const [busy, setBusy] = useState(false);
  const settle = async (resolved: boolean) => {
    setBusy(true);
    try {
      await discussion.settle(first.id, resolved);
      setOpen(false);
    } catch (thrown) {
      void sayProblem(thrown);
    } finally {
      setBusy(false);
    }
  };
  const about = where && whereWords(first);
  const older = first.path && first.commit !== change.head;
  const head = (about || older) && (
    <div className={classes.where}>
      {about && first.line && !older ? (
        <InLink
          href={changeHref(change.id, {
            view: "files",
            at: placeText({ path: first.path ?? "", side: first.side ?? "new", line: first.line }),
          })}
        >
          {about}
        </InLink>
      ) : (
        <span>{whereWords(first)}</span>
      )}
      {older && <span className={classes.quiet}> as of {short(first.commit)}, an older head</span>}
    </div>
  );
  if (first.resolved && !open)
    return (
      <div className={classes.thread} data-settled>
        {head}
        <button type="button" className={classes.settled} onClick={() => setOpen(true)}>
          <IconCircleCheck size={16} stroke={1.8} aria-hidden />
          <span>
            {first.resolver} settled what {first.author} began
            {replies.length > 0 && `, with ${replies.length} ${replies.length === 1 ? "answer" : "answers"}`}.
            Show it
          </span>
        </button>
      </div>
    );
  return (
    <div className={classes.thread}>
      {head}
      {[first, ...replies].map((c) => (
        <Said key={c.id} comment={c} />
      ))}
      {answering ? (
        <Composer
          label="Answer"
          draft={`answer ${first.id}`}
          action="Answer"
          autoFocus
          onSend={(body) => discussion.add({ body, replyTo: first.id })}
          onCancel={() => setAnswering(false)}
        />
      ) : (
        <div className={classes.threadFoot}>
          <Button size="compact-sm" variant="default" onClick={() => setAnswering(true)}>
            Answer
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            loading={busy}
            onClick={() => void settle(!first.resolved)}
          >
            {first.resolved ? "Take it up again" : "Settle it"}
          </Button>
        </div>
      )}
    </div>
  );
}

function Said({ comment: c }: { comment: Comment }) {
  return (
    <article className={classes.said}>
      <div className={classes.by}>
        <b>{c.author}</b> <Ago at={c.at} />
      </div>
      <Prose text={c.body} />
    </article>
  );
}
