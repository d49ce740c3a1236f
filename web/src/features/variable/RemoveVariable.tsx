import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { type Environment, type Row, variablesQuery } from "./variable";

/** Removes a variable where it is set. */
export function RemoveVariable({
  component,
  list,
  row,
  onClose,
}: {
  component: string;
  list: readonly Environment[];
  row: Row | undefined;
  onClose: () => void;
}) {
  const [last, setLast] = useState(row); // so that the dialog keeps its words while it closes
  if (row && row !== last) setLast(row);
  const queries = useQueryClient();
  const set = useMemo(
    () => list.filter((e) => last && e.variables.some((v) => v.key === last.key)),
    [list, last],
  );
  if (!last || !row) return null;
  return (
    <FormDialog
      needs="operate"
      title={`Remove ${last.key}?`}
      lead="What runs keeps it until its next rollout. An hour after nothing runs with it any more its value is erased for good."
      fields={[
        {
          name: "where",
          label: "In",
          kind: "pick",
          options: [
            ...(set.length > 1 ? [{ value: "", label: set.map((e) => e.environment).join(" and ") }] : []),
            ...set.map((e) => ({ value: e.environment, label: e.environment })),
          ],
        },
      ]}
      initial={{ where: set.length > 1 ? "" : (set[0]?.environment ?? "") }}
      action="Remove it"
      onClose={onClose}
      onSend={async (v) => {
        for (const e of set.filter((e) => !v.where || v.where === e.environment))
          await send(
            "post",
            "/api/v1/components/{component}/variables",
            { component },
            { environment: e.environment, revision: e.revision, unset: [last.key] },
          );
        await queries.invalidateQueries({ queryKey: variablesQuery(component).queryKey });
        void say(`${last.key} is removed.`);
      }}
    />
  );
}
