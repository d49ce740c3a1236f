import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import type { Schemas } from "~/api/ask";
import { send } from "~/api/ask";
import { changeHref } from "~/object/subject";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, textOf } from "~/ui/form";

const fields: readonly FormField[] = [
  {
    name: "title",
    label: "Title",
    hint: "What it does, in a line; also that of the merge commit",
    check: given("Say in a line what it does."),
  },
  { name: "body", label: "Why", hint: "Markdown", kind: "text" },
];

/** Opens a change for a branch that was pushed. */
export function OpenChange({
  component,
  branch,
  onClose,
}: {
  component: string;
  branch: Schemas["Branch"];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const router = useRouter();
  return (
    <FormDialog
      title={`Open a change for ${branch.name}`}
      lead="It is discussed, reviewed and checked, and merged into the trunk when green."
      fields={fields}
      initial={{ title: branch.title, body: "" }}
      draft={`open a change ${component} ${branch.name}`}
      action="Open the change"
      needs="build"
      onSend={async (v) => {
        const body = textOf(v.body);
        const opened = await send(
          "post",
          "/api/v1/components/{name}/changes",
          { name: component },
          { branch: branch.name, title: v.title?.trim() ?? "", ...(body ? { body } : {}) },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/components/{name}/branches", component] });
        router.history.push(changeHref(opened.id));
      }}
      onClose={onClose}
    />
  );
}
