import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { send } from "~/api/ask";
import { format } from "~/lib/number";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, linesOf } from "~/ui/form";
import { say } from "~/ui/say";
import { portions } from "./file";

const fields: readonly FormField[] = [
  {
    name: "ids",
    label: "Units",
    hint: "One on each line",
    kind: "lines",
    check: (v) => (linesOf(v).length === 0 ? "Say which." : null),
  },
];

/** Removes what is known of units, as a customer may ask. */
export function ForgetUnits({ id, onClose }: { id: string; onClose: () => void }) {
  const queries = useQueryClient();
  const initial = useRef({ ids: id });
  return (
    <FormDialog
      needs="ingest"
      title={id ? `Forget ${id}?` : "Forget units"}
      lead="What is known of them is removed and cannot be brought back but by recording it again. They go on being served. A cohort that was found before keeps its members, by a hash that does not tell who they are; the journal says only how many were forgotten."
      fields={fields}
      initial={initial.current}
      draft={`forget ${id}`}
      action="Forget them"
      onClose={onClose}
      onSend={async (v) => {
        const ids = [...new Set(linesOf(v.ids))];
        let known = 0;
        for (const part of portions(ids))
          known += (await send("post", "/api/v1/units/forget", {}, { ids: part })).units;
        await queries.invalidateQueries({
          predicate: (q) =>
            q.meta?.kinds !== undefined && JSON.stringify(q.queryKey).includes("/api/v1/units"),
        });
        void say(
          known === ids.length
            ? `${format(known, "count")} ${known === 1 ? "unit is" : "units are"} forgotten.`
            : `${format(known, "count")} of ${format(ids.length, "count")} were known, and are forgotten.`,
        );
      }}
    />
  );
}
