import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { textOf, type Values } from "~/ui/form";
import type { Item } from "./board";
import { useItemFields } from "./NewItem";
import { useMembers } from "./people";

const valuesOf = (i: Pick<Item, "title" | "type" | "feature" | "assignee" | "description">): Values => ({
  title: i.title,
  type: i.type,
  feature: i.feature ?? "",
  assignee: i.assignee ?? "",
  description: i.description ?? "",
});

/** Changes what an item says; it does not move it. */
export function EditItem({ item, onClose }: { item: Item; onClose: () => void }) {
  const [i] = useState(item); // what the form began from, whatever arrives meanwhile
  const fields = useItemFields();
  const members = useMembers(i.team);
  const people = members.map((m) => ({
    value: m.account === i.assignee ? m.account : m.login,
    label: m.name,
  }));
  if (i.assignee && !people.some((p) => p.value === i.assignee))
    people.push({ value: i.assignee, label: i.assignee });
  const queries = useQueryClient();
  return (
    <FormDialog
      needs="plan-work"
      title={`Edit ${i.id}`}
      fields={[
        ...fields,
        {
          name: "assignee",
          label: "Who works on it",
          kind: "pick",
          half: true,
          options: [{ value: "", label: "nobody" }, ...people],
        },
      ]}
      initial={valuesOf(i)}
      draft={`item ${i.id}`}
      action="Save"
      onClose={onClose}
      theirs={(current) => valuesOf(current as Item)}
      onSend={async (v, over) => {
        const feature = textOf(v.feature);
        const assignee = textOf(v.assignee);
        const description = textOf(v.description);
        await send(
          "put",
          "/api/v1/items/{id}",
          { id: i.id },
          {
            version: over ? (over as Item).version : i.version,
            title: v.title?.trim() ?? "",
            type: (v.type ?? i.type) as Item["type"],
            ...(feature ? { feature } : {}),
            ...(assignee ? { assignee } : {}),
            ...(description ? { description } : {}),
          },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/items/{id}", i.id] });
      }}
    />
  );
}
