import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { say } from "~/ui/say";
import type { Workload } from "./components";
import { type Ran, ran, replaced, restartWill } from "./replicas";

/** Replaces the processes of a workload one after another, and says how far it is. */
export function RestartWorkload({ workload: w, onClose }: { workload: Workload; onClose: () => void }) {
  const queries = useQueryClient();
  const [before, setBefore] = useState<Ran>();
  const [will] = useState(() => restartWill(w));
  return (
    <ConfirmDialog
      needs="operate"
      title={`Restart version ${w.release} in ${w.environment}?`}
      will={will}
      undo={
        before ? (
          <span role="status">
            {`${replaced(w, before)} of ${before.size} replaced. It goes on when this is closed.`}
          </span>
        ) : (
          "No request fails: nothing is ended before what follows it is ready."
        )
      }
      action="Restart"
      onClose={onClose}
      onConfirm={async () => {
        setBefore(ran(w));
        try {
          await send("post", "/api/v1/workloads/{id}/restart", { id: w.id });
        } catch (thrown) {
          setBefore(undefined);
          throw thrown;
        } finally {
          await queries.invalidateQueries({ queryKey: ["/api/v1/workloads"] });
        }
        void say(`Version ${w.release} was restarted in ${w.environment}.`);
      }}
    />
  );
}
