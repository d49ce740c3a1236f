import { Button } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ask } from "~/api/ask";
import { format } from "~/lib/number";
import { Ago } from "~/ui/Ago";
import { Copyable } from "~/ui/Copyable";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import classes from "./Audit.module.css";

/** Recomputes every hash of the journal when asked, or at once, and shows what to note elsewhere. */
export function Verify({ now }: { now: boolean }) {
  const check = useQuery({
    ...ask("/api/v1/journal/verify"),
    enabled: now,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const run = () => void check.refetch();
  return (
    <Panel
      title="The chain of facts"
      actions={
        <Button
          size="xs"
          leftSection={<IconShieldCheck size={16} stroke={1.7} aria-hidden />}
          loading={check.isFetching}
          onClick={run}
        >
          Verify the chain
        </Button>
      }
    >
      <div aria-live="polite">
        {check.error ? (
          <Problem error={check.error} retry={run} />
        ) : check.data ? (
          <div className={classes.proof}>
            <Status state="done" look="pill" label="unbroken" />
            <span className="num">
              {format(check.data.facts, "count")} facts, every hash recomputed{" "}
              <Ago at={check.dataUpdatedAt} />
            </span>
            <span className={classes.head}>
              Head <Copyable text={check.data.head} />
            </span>
            <p className={classes.hint}>
              Note the head where nobody of this factory can write: it proves later that nothing was cut off.
            </p>
          </div>
        ) : (
          <p className={classes.hint}>
            Walks the whole journal from its first fact, recomputes every hash, and shows the number of facts
            and the hash of the last one.
          </p>
        )}
      </div>
    </Panel>
  );
}
