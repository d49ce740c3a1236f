import { Progress } from "@mantine/core";
import { useNow } from "~/lib/now";
import { duration } from "~/lib/time";
import { Details } from "~/object/Details";
import { ended } from "~/object/states";
import { Ago } from "~/ui/Ago";
import { Panel } from "~/ui/Panel";
import { type Rollout, watched } from "./rollout";

/** How long a worker has run without ending, of the time that it must: nobody sends requests to it that could be split. */
export function WatchPanel({
  rollout: r,
  watch: w,
}: {
  rollout: Rollout;
  watch: NonNullable<Rollout["watch"]>;
}) {
  const now = useNow();
  const { share, words } = watched(r, now);
  const waits = r.plan?.stages.find((s) => s.approval);
  return (
    <Panel title="Watch" note={`${duration(w.seconds)} without ending`}>
      {!ended(r.phase) && (
        <Progress
          value={share * 100}
          size="md"
          mb="xs"
          aria-label={`Has run for ${Math.round(share * 100).toString()} % of the time that it must run`}
        />
      )}
      <p style={{ margin: "0 0 12px" }}>{words}</p>
      <Details
        rows={[
          ["Runs since", w.steady && !ended(r.phase) ? <Ago key="s" at={w.steady} /> : null],
          ["Taken back at", `${w.crashes.toString()} ends by itself, if more than the version before`],
          ["Approval", waits ? (waits.approved ? `by ${waits.approved.by}` : "needed") : null],
        ]}
      />
    </Panel>
  );
}
