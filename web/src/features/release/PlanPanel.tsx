import { Button } from "@mantine/core";
import { IconFileCertificate } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { fill, type Schemas } from "~/api/ask";
import { call } from "~/api/client";
import { useCannot } from "~/api/me";
import { format } from "~/lib/number";
import { Details } from "~/object/Details";
import { short } from "~/object/subject";
import { Copyable } from "~/ui/Copyable";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import classes from "./PlanPanel.module.css";
import type { Rollout } from "./rollout";

/** The plan as it was frozen before the first unit was exposed, and the proof that the verdict follows from it. */
export function PlanPanel({ rollout: r }: { rollout: Rollout }) {
  const { plan } = r;
  const mayNot = useCannot("audit");
  const replay = useMutation({
    mutationFn: async () =>
      (await call("GET", fill("/api/v1/rollouts/{id}/replay", { id: r.id }))) as Schemas["Replay"],
  });
  if (!plan) return null;
  const least = new Set(plan.stages.slice(0, -1).map((s) => s.units));
  return (
    <Panel title="The plan" note="frozen before the first unit">
      <Details
        rows={[
          ["False rollbacks, at most", format(plan.alpha, "ratio")],
          ["Wrong promotions, at most", format(plan.beta, "ratio")],
          ["Worse than the old version by", r.first ? null : `less than ${format(plan.margin, "ratio")}`],
          [
            "Or units that fail",
            plan.acceptedRate > 0 ? `below ${format(plan.acceptedRate, "ratio")}` : null,
          ],
          [
            "Units before it widens",
            r.first
              ? null
              : least.size > 1
                ? "as each stage says"
                : format([...least][0] ?? plan.minimumUnits, "count"),
          ],
          [
            "Units to measure a key result",
            r.first ? null : `${format(plan.experimentUnits, "count")} a version`,
          ],
          ["Metrics", plan.metrics.map((m) => m.name).join(", ")],
          [
            "Preview",
            plan.preview && <Copyable key="preview" text={`${plan.preview.header}: ${plan.preview.value}`} />,
          ],
          ["Hash", <Copyable key="hash" text={plan.hash} shown={short(plan.hash)} />],
        ]}
      />
      {plan.preview && (
        <p className={classes.note}>
          Requests with the preview's header get version {r.release} in every stage, whoever sends them. They
          are not counted.
        </p>
      )}
      <div className={classes.replay}>
        <Button
          variant="default"
          size="xs"
          loading={replay.isPending}
          disabled={!r.decided}
          onClick={() => replay.mutate()}
        >
          Replay the verdict
        </Button>
        {r.decided && r.verdict && !mayNot && (
          <Button
            component="a"
            href={`/api/v1/rollouts/${r.id}/dossier`}
            download
            variant="default"
            size="xs"
            leftSection={<IconFileCertificate size={15} stroke={1.7} aria-hidden />}
          >
            Save the dossier
          </Button>
        )}
        <div className={classes.outcome} aria-live="polite">
          {replay.data &&
            (replay.data.identical ? (
              <Status state="done" label="identical" />
            ) : (
              <Status state="failed" label="not identical" />
            ))}
          {!replay.data && !r.decided && <span className={classes.note}>There is no verdict yet.</span>}
        </div>
      </div>
      {replay.data && (
        <p className={classes.note}>
          {replay.data.identical
            ? "Decided again from the stored plan and counts: every number and word came out the same."
            : "Decided again from the stored plan and counts, something came out differently. Tell the platform team: a verdict must replay."}
        </p>
      )}
      {replay.error && <Problem error={replay.error} look="line" />}
    </Panel>
  );
}
