import { Radio } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import classes from "./Flag.module.css";
import { type Flag, flagsKey, forWhom, killWill, settingOf } from "./flag";

/** Kills one of some features in production, and asks why. */
export function KillFlag({ flags, onClose }: { flags: readonly Flag[]; onClose: () => void }) {
  const [seen] = useState(flags); // so that the choice does not move under the pointer
  const [id, setId] = useState(seen[0]?.id ?? "");
  const queries = useQueryClient();
  const flag = seen.find((f) => f.id === id);
  if (!flag) return null;
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      needs="operate"
      title={`Kill “${flag.title}”?`}
      will={killWill(flag, "production")}
      undo="Whoever may kill it can switch it on again, for a cohort first, in the component's view Flags."
      action="Kill the feature"
      danger
      onConfirm={async (reason) => {
        await send("post", "/api/v1/flags/{id}/kill", { id: flag.id }, { environment: "production", reason });
        await queries.invalidateQueries({ queryKey: flagsKey });
        void say(`${flag.key} is off in production.`);
      }}
    >
      {seen.length > 1 && (
        <Radio.Group label="Which feature" value={id} onChange={setId} className={classes.choose}>
          {seen.map((f) => (
            <Radio
              key={f.id}
              value={f.id}
              mt={6}
              label={f.title}
              description={`${f.key}, ${forWhom(settingOf(f, "production"))}`}
            />
          ))}
        </Radio.Group>
      )}
    </ReasonDialog>
  );
}
