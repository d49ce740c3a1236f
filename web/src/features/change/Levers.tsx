import { Button } from "@mantine/core";
import { IconGitMerge } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import type { Acts } from "./Change.page";
import { type ChangeDetail, changeKey, mergeLever, mergeWill } from "./change";

/** Merge, leave the queue, close, open again: what the state of a change allows. */
export function Levers({ change: c, acts }: { change: ChangeDetail; acts: Acts }) {
  const [asked, setAsked] = useState<"merge" | "leave" | "close">();
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: changeKey(c.id) });
  const merge = mergeLever(c);
  const [looked, setLooked] = useState(c.head); // the head that was looked at when it was asked for
  const begin = (what: typeof asked) => {
    setLooked(c.head);
    setAsked(what);
  };
  return (
    <>
      {c.state === "closed" && (
        <Button variant="default" onClick={acts.reopen}>
          Open it again
        </Button>
      )}
      {(c.state === "open" || c.state === "queued") && (
        <Button variant="default" onClick={() => begin("close")}>
          Close
        </Button>
      )}
      {c.state === "queued" && (
        <Button variant="default" onClick={() => begin("leave")}>
          Leave the queue
        </Button>
      )}
      {c.state === "open" && (
        <Button
          variant={merge.ready ? "filled" : "default"}
          leftSection={<IconGitMerge size={16} stroke={1.8} aria-hidden />}
          onClick={() => begin("merge")}
        >
          {merge.label}
        </Button>
      )}
      {asked === "merge" && (
        <ConfirmDialog
          title={`${merge.label}: ${c.title}`}
          needs="build"
          will={mergeWill(c)}
          undo="Until it is merged it can leave the queue again. What is in the trunk is built, and rolled out step by step."
          action={merge.label}
          onConfirm={async () => {
            await send("post", "/api/v1/changes/{id}/merge", { id: c.id }, { commit: looked });
            await again();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === "leave" && (
        <ConfirmDialog
          title="Leave the merge queue?"
          needs="build"
          will={["Take it out of the queue; those behind it move up", "Leave it open, as it was before"]}
          undo="It can be merged again at any time, at the end of the queue."
          action="Leave the queue"
          onConfirm={async () => {
            await send("delete", "/api/v1/changes/{id}/merge", { id: c.id });
            await again();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === "close" && (
        <ConfirmDialog
          title={`Close change ${c.number} without merging it?`}
          needs="build"
          will={[
            `Take it from the list of open changes of ${c.component}`,
            `Keep the branch ${c.branch} and all that was said`,
          ]}
          undo="It can be opened again from this page."
          action="Close it"
          onConfirm={async () => {
            await send("post", "/api/v1/changes/{id}/close", { id: c.id });
            await again();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
