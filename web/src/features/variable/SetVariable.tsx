import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { changes, type Environment, fields, type Row, variablesQuery } from "./variable";

/** Where a key is set: what the form begins with. */
function whereOf(row: Row | undefined): string {
  if (!row || (row.staging && row.production)) return "both";
  return row.production ? "production" : row.staging ? "staging" : "pipeline";
}

/** Sets a variable in one environment or both. What is written is kept nowhere: it may be a secret. */
export function SetVariable({
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
  const queries = useQueryClient();
  const form = useMemo(() => fields(row?.key), [row]);
  const initial = useMemo(
    () => ({
      "set[0].key": "",
      "set[0].value": row?.latest.value ?? "",
      secret: row?.latest.secret ? "yes" : "no",
      where: whereOf(row),
    }),
    [row],
  );
  return (
    <FormDialog
      needs="operate"
      title={row ? `Set ${row.key}` : "Set a variable"}
      lead="It makes a new revision, which workloads are given from their next rollout on, and steps of the pipeline at once."
      fields={form}
      initial={initial}
      action="Set it"
      onClose={onClose}
      onSend={async (v) => {
        for (const change of changes(list, row?.key, v))
          await send("post", "/api/v1/components/{component}/variables", { component }, change);
        await queries.invalidateQueries({ queryKey: variablesQuery(component).queryKey });
        void say(`${row?.key ?? v["set[0].key"]} is set.`);
      }}
    />
  );
}
