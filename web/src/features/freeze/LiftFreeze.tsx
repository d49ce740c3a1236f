import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { useNow } from "~/lib/now";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import { type Freeze, forWhat, freezesKey, stateAt } from "./freeze";

/** Ends a freeze before its time, and asks why. */
export function LiftFreeze({ freeze, onClose }: { freeze: Freeze | undefined; onClose: () => void }) {
  const [last, setLast] = useState(freeze); // so that the dialog keeps its words while it closes
  if (freeze && freeze !== last) setLast(freeze);
  const queries = useQueryClient();
  const now = useNow();
  if (!last) return null;
  const planned = stateAt(last, now) === "planned";
  return (
    <ReasonDialog
      needs="freeze"
      opened={freeze !== undefined}
      onClose={onClose}
      title={planned ? `Call “${last.name}” off?` : `Lift “${last.name}”?`}
      will={
        planned
          ? [`leave production open for ${forWhat(last)}: the freeze does not begin`]
          : [
              `open production for ${forWhat(last)} at once, unless another freeze is in force`,
              "let what waits go on: of each component the newest version, judged by evidence as ever",
            ]
      }
      undo="To stop production again, declare another freeze."
      action={planned ? "Call it off" : "Lift it"}
      onConfirm={async (reason) => {
        await send("post", "/api/v1/freezes/{id}/lift", { id: last.id }, { reason });
        await queries.invalidateQueries({ queryKey: freezesKey });
        void say(planned ? `“${last.name}” is called off.` : `“${last.name}” is lifted.`);
      }}
    />
  );
}
