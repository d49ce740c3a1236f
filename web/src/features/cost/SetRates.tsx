import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import { costKey, fields, type Rates, toRates, written } from "./cost";

/** Sets what a unit costs; whoever may not reads why. */
export function SetRates({ rates, onClose }: { rates: Rates; onClose: () => void }) {
  const queries = useQueryClient();
  const initial = useMemo(() => written(rates), [rates]);
  return (
    <FormDialog
      needs="set-rates"
      title="What a unit costs"
      lead="Everything shown is priced by these, also what was used before. They begin with what clouds roughly ask for; set what your company pays."
      fields={fields}
      initial={initial}
      action="Set the rates"
      onClose={onClose}
      theirs={(current) => written(current as Rates)}
      onSend={async (v, over) => {
        const version = (over as Rates | undefined)?.version ?? rates.version;
        await send("put", "/api/v1/cost/rates", {}, toRates(v, version));
        await queries.invalidateQueries({ queryKey: costKey });
        void say("The rates are set.");
      }}
    />
  );
}
