import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { changes, type Environment, fields, type Row, variablesQuery } from "./variable";

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
      where: row && !row.production ? "staging" : row && !row.staging ? "production" : "both",
    }),
    [row],
  );
  return (
    <FormDialog
      needs="operate"
      title={row ? `Set ${row.key}` : "Set a variable"}
      lead="It makes a new revision, which workloads are given from their next rollout on."
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
