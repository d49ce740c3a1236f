import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, numberOf, textOf, type Values } from "~/ui/form";
import type { Team } from "./Team.page";

const fields: readonly FormField[] = [
  { name: "name", label: "Name", check: given("A team needs a name.") },
  { name: "mission", label: "Mission", hint: "What the team is for, in a sentence or two", kind: "text" },
  {
    name: "dayRate",
    label: "Cost of a working day",
    hint: "Of the whole team, in the company's currency; it makes the cost of an initiative",
    kind: "number",
  },
];

const valuesOf = (t: Pick<Team, "name" | "mission" | "dayRate">): Values => ({
  name: t.name,
  mission: t.mission ?? "",
  dayRate: t.dayRate ? String(t.dayRate) : "",
});

/** Changes what a team says of itself; its key stays, for items are called by it. */
export function EditTeam({ team, onClose }: { team: Team; onClose: () => void }) {
  const [t] = useState(team); // what the form began from, whatever arrives meanwhile
  const queries = useQueryClient();
  return (
    <FormDialog
      needs="manage-teams"
      title={`Edit team ${t.name}`}
      fields={fields}
      initial={valuesOf(t)}
      draft={`team ${t.id}`}
      action="Save"
      onClose={onClose}
      theirs={(current) => valuesOf(current as Team)}
      onSend={async (v, over) => {
        const mission = textOf(v.mission);
        const dayRate = numberOf(v.dayRate);
        await send(
          "put",
          "/api/v1/teams/{id}",
          { id: t.id },
          {
            version: over ? (over as Team).version : t.version,
            name: v.name?.trim() ?? "",
            ...(mission ? { mission } : {}),
            ...(dayRate === undefined ? {} : { dayRate }),
          },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/teams/{id}", t.id] });
      }}
    />
  );
}
