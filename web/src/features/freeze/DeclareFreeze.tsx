import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { send } from "~/api/ask";
import { componentsQuery, teamsQuery } from "~/shell/search";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { declared, fields, freezesKey } from "./freeze";

const initial = { name: "", reason: "", scope: "", begins: "", ends: "" };

/** Declares a freeze; whoever may not reads why. */
export function DeclareFreeze({ onClose }: { onClose: () => void }) {
  const teams = useQuery(teamsQuery);
  const components = useQuery(componentsQuery);
  const queries = useQueryClient();
  const [now] = useState(() => new Date()); // so that the presets do not move under the pointer
  const form = useMemo(
    () =>
      fields(
        (teams.data?.items ?? []).map((t) => t.id),
        (components.data?.items ?? []).map((c) => c.name),
        now,
      ),
    [teams.data, components.data, now],
  );
  return (
    <FormDialog
      needs="freeze"
      title="Declare a freeze"
      lead="While it is in force no rollout begins, widens or is promoted, and each says why. What runs goes on running; evidence of harm and people still take versions back; hotfixes go."
      fields={form}
      initial={initial}
      draft="new freeze"
      action="Declare it"
      onClose={onClose}
      onSend={async (v) => {
        const made = await send("post", "/api/v1/freezes", {}, declared(v));
        await queries.invalidateQueries({ queryKey: freezesKey });
        void say(`The freeze “${made.name}” is ${made.state === "active" ? "in force" : "planned"}.`);
      }}
    />
  );
}
