import { useRouter } from "@tanstack/react-router";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { given, textOf } from "~/ui/form";
import { say } from "~/ui/say";

/** Reports what no fact has reported. */
export function ReportIncident({
  components,
  onClose,
}: {
  components: readonly string[];
  onClose: () => void;
}) {
  const router = useRouter();
  return (
    <FormDialog
      title="Report an incident"
      lead="A rollback and an alert that pages open one by themselves. Report here what only people have seen."
      draft="incident"
      needs="operate"
      action="Open the incident"
      initial={{ title: "", component: components[0] ?? "", environment: "production", text: "" }}
      fields={[
        {
          name: "title",
          label: "What do customers see",
          placeholder: "Customers in the north see stale positions",
          check: given("Say in a line what customers see."),
        },
        {
          name: "component",
          label: "Component",
          kind: "pick",
          half: true,
          options: components.map((c) => ({ value: c, label: c })),
        },
        {
          name: "environment",
          label: "Environment",
          kind: "pick",
          half: true,
          options: [
            { value: "production", label: "production" },
            { value: "staging", label: "staging" },
          ],
        },
        { name: "text", label: "What is known", hint: "The first note of the timeline", kind: "text" },
      ]}
      onClose={onClose}
      onSend={async (v) => {
        const text = textOf(v.text);
        const title = v.title?.trim() ?? "";
        const made = await send(
          "post",
          "/api/v1/incidents",
          {},
          {
            title,
            component: v.component ?? "",
            environment: v.environment === "staging" ? "staging" : "production",
            ...(text ? { text } : {}),
          },
        );
        if (made.title !== title) void say("One was open there already: your report is part of it.");
        router.history.push(`/incidents/${made.id}`);
      }}
    />
  );
}
