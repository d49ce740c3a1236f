import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, textOf } from "~/ui/form";
import { say } from "~/ui/say";
import { type Item, typeNames } from "./board";
import type { Team } from "./Team.page";

const types = Object.entries(typeNames).map(([value, label]) => ({ value, label }));

/** Fields of an item; the features are those that are not released yet. */
export function useItemFields(): readonly FormField[] {
  const features = useQuery(ask("/api/v1/features", { query: { limit: 200 }, kinds: ["feature"] }));
  return [
    {
      name: "title",
      label: "What shall be true for the customer",
      placeholder: "Raise thrust for missions over 10 kg",
      check: given("Say in a line what it is."),
    },
    {
      name: "type",
      label: "Type",
      hint: "What kind of value it is",
      kind: "pick",
      options: types,
      half: true,
    },
    {
      name: "feature",
      label: "Feature",
      hint: "Ties it to the key result that pays for it",
      kind: "pick",
      half: true,
      options: [
        { value: "", label: "none" },
        ...(features.data?.items ?? []).map((f) => ({ value: f.id, label: f.title })),
      ],
    },
    { name: "description", label: "More", kind: "text" },
  ];
}

/** Adds an item at the end of the team's ready column. */
export function NewItem({ team: t, onClose }: { team: Team; onClose: () => void }) {
  const fields = useItemFields();
  const queries = useQueryClient();
  return (
    <FormDialog
      needs="plan-work"
      title={`New item of team ${t.name}`}
      lead="It stands at the end of Ready until somebody pulls it."
      fields={fields}
      initial={{ title: "", type: "feature", feature: "", description: "" }}
      draft={`new item ${t.id}`}
      action="Create the item"
      onClose={onClose}
      onSend={async (v) => {
        const feature = textOf(v.feature);
        const description = textOf(v.description);
        const made = await send(
          "post",
          "/api/v1/items",
          {},
          {
            team: t.id,
            title: v.title?.trim() ?? "",
            type: (v.type ?? "feature") as Item["type"],
            ...(feature ? { feature } : {}),
            ...(description ? { description } : {}),
          },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/teams/{id}/board", t.id] });
        void say(`${made.id} stands at the end of Ready.`);
      }}
    />
  );
}
