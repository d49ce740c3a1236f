import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { say } from "~/ui/say";
import {
  type Feature,
  featureBody,
  featureFields,
  featureQuery,
  featureValues,
  namesQuery,
  productQuery,
  readFeature,
} from "./product";

const nothing = { title: "", hypothesis: "", initiative: "", keyResult: "", predicted: "" };

interface Props {
  product: string;
  /** the feature to change; a new one when not given */
  feature?: Feature | undefined;
  onClose: () => void;
}

/** Plans a feature, or changes one. */
export function FeatureForm({ product, feature, onClose }: Props) {
  const queries = useQueryClient();
  const board = useQuery(namesQuery);
  const [seen] = useState(feature); // what the form began from, whatever arrives meanwhile
  const [initial] = useState(seen ? featureValues(seen) : nothing);
  const fields = useMemo(() => featureFields(board.data, !seen), [board.data, seen]);
  return (
    <FormDialog
      needs="shape-product"
      title={seen ? `Change ${seen.title}` : "New feature"}
      lead={seen ? undefined : "It goes to the end of the product's order; you can move it from there."}
      fields={fields}
      initial={initial}
      draft={seen ? `feature/${seen.id}` : `feature of ${product}`}
      action={seen ? "Save" : "Plan feature"}
      theirs={(current) => {
        const f = readFeature(current);
        return f && featureValues(f);
      }}
      onClose={onClose}
      onSend={async (v, over) => {
        const body = featureBody(v);
        if (seen) {
          const version = readFeature(over)?.version ?? seen.version;
          await send("put", "/api/v1/features/{id}", { id: seen.id }, { ...body, version });
          await queries.invalidateQueries({ queryKey: featureQuery(seen.id).queryKey });
        } else {
          await send("post", "/api/v1/features", {}, { ...body, product, initiative: v.initiative ?? "" });
          void say(`${body.title} is planned.`);
        }
        await queries.invalidateQueries({ queryKey: productQuery(product).queryKey });
      }}
    />
  );
}
