import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, textOf } from "~/ui/form";
import { checkTeam, slugOf } from "./newTeam";

const fields: readonly FormField[] = [
  { name: "name", label: "Name", placeholder: "Engine", check: (v) => checkTeam(slugOf(v)) },
  { name: "mission", label: "Mission", hint: "What it is for, in a sentence or two", kind: "text" },
  {
    name: "key",
    label: "Key of its items",
    hint: "ENG makes ENG-1, ENG-2; made from the name when left out",
    placeholder: "ENG",
  },
];

/** Founds a team; whoever founds it is its first member. */
export function NewTeam({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const there = useRef("");
  return (
    <FormDialog
      needs="manage-teams"
      title="New team"
      lead="You become its first member. It has a board at once and can create components."
      fields={fields}
      initial={{ name: "", mission: "", key: "" }}
      draft="new team"
      action="Found the team"
      onClose={onClose}
      onSend={async (v) => {
        const mission = textOf(v.mission);
        const key = textOf(v.key)?.toUpperCase();
        const made = await send(
          "post",
          "/api/v1/teams",
          {},
          {
            id: slugOf(v.name ?? ""),
            name: v.name?.trim() ?? "",
            ...(mission ? { mission } : {}),
            ...(key ? { key } : {}),
          },
        );
        await queries.invalidateQueries({ queryKey: ["session"] }); // one more team is mine
        there.current = made.id;
      }}
      onSent={() => void navigate({ to: "/teams/$id", params: { id: there.current }, search: {} })}
    />
  );
}
