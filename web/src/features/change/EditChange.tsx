import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, textOf } from "~/ui/form";
import { type ChangeDetail, changeKey } from "./change";

const fields: readonly FormField[] = [
  {
    name: "title",
    label: "Title",
    hint: "Also that of the merge commit",
    check: given("Say in a line what it does."),
  },
  { name: "body", label: "Why", hint: "Markdown", kind: "text" },
];

const valuesOf = (c: Pick<ChangeDetail, "title" | "body">) => ({ title: c.title, body: c.body });

/** Changes what a person says about a change. */
export function EditChange({ change: c, onClose }: { change: ChangeDetail; onClose: () => void }) {
  const queries = useQueryClient();
  const [seen] = useState(c);
  const [initial] = useState(() => valuesOf(c));
  return (
    <FormDialog
      title={`Edit change ${c.number} of ${c.component}`}
      fields={fields}
      initial={initial}
      draft={`change/${c.id}`}
      action="Save"
      needs="build"
      theirs={(current) => valuesOf(current as ChangeDetail)}
      onSend={async (v, over) => {
        const body = textOf(v.body);
        await send(
          "put",
          "/api/v1/changes/{id}",
          { id: c.id },
          {
            version: over ? (over as ChangeDetail).version : seen.version,
            title: v.title?.trim() ?? "",
            ...(body ? { body } : {}),
          },
        );
        await queries.invalidateQueries({ queryKey: changeKey(c.id) });
      }}
      onClose={onClose}
    />
  );
}
