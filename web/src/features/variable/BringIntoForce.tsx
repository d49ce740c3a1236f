import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { send } from "~/api/ask";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import type { Behind } from "./variable";

/** Rolls the live version out again, with the newest variables. */
export function BringIntoForce({ behind, onClose }: { behind: Behind | undefined; onClose: () => void }) {
  const [last, setLast] = useState(behind);
  if (behind && behind !== last) setLast(behind);
  const navigate = useNavigate();
  if (!last) return null;
  return (
    <ReasonDialog
      needs="operate"
      opened={behind !== undefined}
      onClose={onClose}
      title={`Roll version ${last.version} out with new variables?`}
      will={[
        `start version ${last.version} once more, with revision ${last.newest} of its variables`,
        "move customers over in stages, judged by evidence as every change is",
      ]}
      undo="When it does harm, the workload with the old variables is back within a second."
      action="Roll it out"
      onConfirm={async (reason) => {
        const made = await send(
          "post",
          "/api/v1/rollouts",
          {},
          { artifact: last.artifact, lane: "normal", reason },
        );
        void say("The rollout waits for its turn.");
        void navigate({ to: "/rollouts/$id", params: { id: made.id } });
      }}
    />
  );
}
