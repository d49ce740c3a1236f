import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask, send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, textOf, type Values } from "~/ui/form";
import { say } from "~/ui/say";
import { type Flag, flagsKey } from "./flag";

interface Props {
  component: string;
  /** the flag to change; a new one when not given */
  flag?: Flag;
  onClose: () => void;
}

const valuesOf = (f: Pick<Flag, "key" | "title" | "description" | "feature">): Values => ({
  key: f.key,
  title: f.title,
  feature: f.feature ?? "",
  description: f.description,
});

/** Creates a flag, or changes what it says of itself. */
export function EditFlag({ component, flag, onClose }: Props) {
  const features = useQuery(ask("/api/v1/features", { query: { limit: 200 }, kinds: ["feature"] }));
  const queries = useQueryClient();
  const [seen] = useState(flag); // what the form began from, whatever arrives meanwhile
  const fields: FormField[] = [
    {
      name: "title",
      label: "What it switches",
      placeholder: "Hold the thrust in gusts",
      check: given("Say in a line what it switches."),
    },
    ...(seen
      ? []
      : [
          {
            name: "key",
            label: "Key",
            hint: "What the code asks for, for ever: lower-case letters, digits and dashes",
            placeholder: "gust-hold",
            half: true,
            check: given("The code needs a name to ask for."),
          },
        ]),
    {
      name: "feature",
      label: "Guards the feature",
      hint: "Its page and thread then show the flag",
      kind: "pick",
      half: true,
      options: [
        { value: "", label: "none" },
        ...(features.data?.items ?? []).map((f) => ({ value: f.id, label: f.title })),
      ],
    },
    { name: "description", label: "More", kind: "text" },
  ];
  return (
    <FormDialog
      title={seen ? `Change ${seen.key}` : `New flag of ${component}`}
      lead={seen ? undefined : "It is off everywhere until it is switched on."}
      fields={fields}
      initial={seen ? valuesOf(seen) : { title: "", key: "", feature: "", description: "" }}
      draft={seen ? `flag/${seen.id}` : `new flag ${component}`}
      action={seen ? "Save" : "Create the flag"}
      needs="operate"
      theirs={(current) => valuesOf(current as Flag)}
      onClose={onClose}
      onSend={async (v, over) => {
        const feature = textOf(v.feature);
        const description = textOf(v.description);
        const body = {
          title: v.title?.trim() ?? "",
          ...(feature ? { feature } : {}),
          ...(description ? { description } : {}),
        };
        if (seen) {
          const version = over ? (over as Flag).version : seen.version;
          await send("put", "/api/v1/flags/{id}", { id: seen.id }, { version, ...body });
        } else {
          await send("post", "/api/v1/flags", {}, { component, key: v.key?.trim() ?? "", ...body });
          void say(`${v.key?.trim() ?? "The flag"} is there, and off.`);
        }
        await queries.invalidateQueries({ queryKey: flagsKey });
      }}
    />
  );
}
