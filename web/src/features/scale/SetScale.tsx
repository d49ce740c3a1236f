import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { fields, type Scaled, scaleQuery, toSet, written } from "./scale";

/** Sets how many processes there are in one environment, and what each may use. */
export function SetScale({ component, at, onClose }: { component: string; at: Scaled; onClose: () => void }) {
  const queries = useQueryClient();
  const form = useMemo(() => fields(at), [at]);
  const initial = useMemo(() => written(at), [at]);
  return (
    <FormDialog
      needs="operate"
      title={`Scale ${component} in ${at.environment}`}
      lead="It comes into force at once, in every version that runs there, and no request fails: processes are added, or drained and ended; new limits replace them one after another. What is left empty holds as the version says."
      fields={form}
      initial={initial}
      action="Set it"
      onClose={onClose}
      theirs={(current) => written(current as Scaled)}
      onSend={async (v, over) => {
        const version = (over as Scaled | undefined)?.version ?? at.version;
        await send(
          "put",
          "/api/v1/components/{component}/scale/{environment}",
          { component, environment: at.environment },
          toSet(v, version),
        );
        await queries.invalidateQueries({ queryKey: scaleQuery(component).queryKey });
        void say(`The scale of ${component} in ${at.environment} is set.`);
      }}
    />
  );
}
