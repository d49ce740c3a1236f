import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Schemas, send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { answered, inputField, type PathInput } from "./path";

/** Answers what the path asks for anew; what follows from it comes as a change. */
export function AnswerAnew({
  component: c,
  inputs,
  onClose,
}: {
  component: Schemas["Component"];
  inputs: readonly PathInput[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const fields = useMemo(() => inputs.map(inputField), [inputs]);
  const initial = useMemo(
    () => Object.fromEntries(inputs.map((i) => [`answers.${i.name}`, answered(i, c.answers)])),
    [inputs, c.answers],
  );
  return (
    <FormDialog
      title={`Answer ${c.path} anew`}
      lead={`What follows from it for ${c.name} is merged with what the team made of the path, as a change: merged by itself when it is green and the component's rules are kept.`}
      needs="build"
      fields={fields}
      initial={initial}
      action="Make the change"
      onClose={onClose}
      onSend={async (v) => {
        const answers = Object.fromEntries(
          inputs.flatMap((i) => {
            const at = `answers.${i.name}`;
            return v[at] === initial[at] ? [] : [[i.name, v[at] ?? ""]];
          }),
        );
        if (Object.keys(answers).length === 0) return;
        await send(
          "post",
          "/api/v1/paths/{name}/upgrades",
          { name: c.path },
          { version: c.pathVersion, only: [c.name], answers },
        );
        await queries.invalidateQueries({ queryKey: ["/api/v1/components/{name}/drift", c.name] });
        void say(`The change is on its way to ${c.name}.`);
      }}
    />
  );
}
