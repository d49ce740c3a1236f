import { useQueryClient } from "@tanstack/react-query";
import { send } from "~/api/ask";
import { ReasonDialog } from "~/ui/ReasonDialog";
import { say } from "~/ui/say";
import { type Flag, flagsKey } from "./flag";

/** Ends a flag, and asks why. */
export function ArchiveFlag({ flag: f, onClose }: { flag: Flag; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <ReasonDialog
      opened
      onClose={onClose}
      needs="operate"
      title={`Archive ${f.key}?`}
      will={[
        "Answer nobody any more: code that still asks takes its own default",
        "Take the flag from these lists; its history stays",
      ]}
      undo="This cannot be taken back, and the key is not given again. Archive it when no running version asks."
      action="Archive"
      danger
      onConfirm={async (reason) => {
        await send("post", "/api/v1/flags/{id}/archive", { id: f.id }, { version: f.version, reason });
        await queries.invalidateQueries({ queryKey: flagsKey });
        void say(`${f.key} is archived.`);
      }}
    />
  );
}
