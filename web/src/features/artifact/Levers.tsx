import { Button, NativeSelect } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ask, send } from "~/api/ask";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import type { Artifact } from "./artifact";

/** What a person can do with an artifact: clear its mark, or roll it out. */
export function Levers({ artifact: a }: { artifact: Artifact }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [clearing, setClearing] = useState(false);
  const [starting, setStarting] = useState(false);
  const [lane, setLane] = useState<"normal" | "hotfix">("normal");
  const live = useQuery(
    ask("/api/v1/environments", { query: { component: a.component }, kinds: ["rollout", "deployment"] }),
  );
  const running = live.data?.items.some((e) => e.environment === "production" && e.artifact === a.digest);
  return (
    <>
      {a.bad ? (
        <Button variant="default" onClick={() => setClearing(true)}>
          Clear it
        </Button>
      ) : (
        !running &&
        live.data && (
          <Button
            variant="default"
            leftSection={<IconRocket size={16} stroke={1.8} aria-hidden />}
            onClick={() => setStarting(true)}
          >
            Roll it out
          </Button>
        )
      )}
      <ReasonDialog
        needs="operate"
        opened={clearing}
        onClose={() => setClearing(false)}
        title={`Clear ${a.component} ${a.version}?`}
        will={[
          "lift the mark: this version may be rolled out again",
          "change nothing that runs; a rollout must still be started, and is decided by evidence as any other",
        ]}
        undo="It is marked again if another rollout of it is rolled back."
        action="Clear it"
        onConfirm={async (reason) => {
          await send("post", "/api/v1/artifacts/{id}/clear", { id: a.digest }, { reason });
          await queries.invalidateQueries({ queryKey: ["/api/v1/artifacts/{id}", a.digest] });
          void say(`Version ${a.version} may be rolled out again.`);
        }}
      />
      <ReasonDialog
        needs="operate"
        opened={starting}
        onClose={() => setStarting(false)}
        title={`Roll out ${a.component} ${a.version}?`}
        will={[
          "take it through the same gates as a new version: staging, then a few customers, then more",
          "decide by evidence against what production runs now",
        ]}
        undo="It can be held or rolled back at any time from its page."
        action="Roll it out"
        onConfirm={async (reason) => {
          const made = await send("post", "/api/v1/rollouts", {}, { artifact: a.digest, lane, reason });
          void navigate({ to: "/rollouts/$id", params: { id: made.id } });
        }}
      >
        <NativeSelect
          label="Lane"
          description="The hotfix lane has a shorter ramp and the same gates."
          value={lane}
          onChange={(e) => setLane(e.currentTarget.value === "hotfix" ? "hotfix" : "normal")}
          data={["normal", "hotfix"]}
          mb="md"
        />
      </ReasonDialog>
    </>
  );
}
