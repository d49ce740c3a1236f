import { useQueryClient } from "@tanstack/react-query";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { fullName, type Resource, resourcesQuery } from "./resource";

/** Deletes a resource with its data, once its full name is written. */
export function DeleteResource({
  component,
  resource: r,
  onClose,
}: {
  component: string;
  resource: Resource;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const name = fullName(component, r);
  return (
    <FormDialog
      needs="operate"
      danger
      title={`Delete ${r.name} of ${r.environment}?`}
      lead={`All data in this ${r.type === "postgres" ? "database" : "folder"} will be gone for ever; nobody can bring it back. No deployed version declares it.`}
      fields={[
        {
          name: "confirm",
          label: `Write ${name} to delete it`,
          check: (v) => (v.trim() === name ? null : `Write ${name}.`),
        },
      ]}
      initial={{ confirm: "" }}
      action="Delete it for ever"
      onClose={onClose}
      onSend={async (v) => {
        await send(
          "post",
          "/api/v1/components/{component}/resources/delete",
          { component },
          { environment: r.environment, name: r.name, confirm: (v.confirm ?? "").trim() },
        );
        await queries.invalidateQueries({ queryKey: resourcesQuery(component).queryKey });
        void say(`${name} is deleted.`);
      }}
    />
  );
}
