import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { send } from "~/api/ask";
import { FormDialog } from "~/ui/FormDialog";
import { type FormField, given, textOf, type Values } from "~/ui/form";
import { say } from "~/ui/say";
import { type Product, productQuery, productsQuery, readProduct, slug } from "./product";

const common: FormField[] = [
  {
    name: "name",
    label: "Name",
    placeholder: "Heavy lift",
    check: given("Give it the name that customers know."),
  },
  { name: "description", label: "What it is", kind: "text" },
  { name: "owner", label: "Product manager", placeholder: "Ada Brandt", half: true },
];

const named: FormField[] = [
  ...common,
  {
    name: "id",
    label: "Short name",
    hint: "In addresses, for ever. Made of the name when empty.",
    placeholder: "heavy-lift",
    half: true,
    check: (v) =>
      v === "" || /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/.test(v)
        ? null
        : "Lower-case letters, digits and dashes, 2 to 40, beginning with a letter.",
  },
];

const nothing: Values = { name: "", description: "", owner: "", id: "" };

/** Adds a product, or changes one. */
export function ProductForm({ product, onClose }: { product?: Product; onClose: () => void }) {
  const queries = useQueryClient();
  const router = useRouter();
  const [seen] = useState(product); // what the form began from, whatever arrives meanwhile
  const [initial] = useState(seen ? valuesOf(seen) : nothing);
  const there = useRef<string>(undefined); // the page of what was made
  return (
    <FormDialog
      needs="shape-product"
      title={seen ? `Change ${seen.name}` : "New product"}
      lead={seen ? undefined : "A product holds the features that customers meet."}
      fields={seen ? common : named}
      initial={initial}
      draft={seen ? `product/${seen.id}` : "product"}
      action={seen ? "Save" : "Add product"}
      theirs={(current) => {
        const p = readProduct(current);
        return p && valuesOf(p);
      }}
      onClose={onClose}
      onSent={() => (there.current ? router.history.replace(there.current) : onClose())}
      onSend={async (v, over) => {
        const body = bodyOf(v);
        if (seen) {
          const version = readProduct(over)?.version ?? seen.version;
          await send("put", "/api/v1/products/{id}", { id: seen.id }, { ...body, version });
          await queries.invalidateQueries({ queryKey: productQuery(seen.id).queryKey });
          return;
        }
        const made = await send(
          "post",
          "/api/v1/products",
          {},
          { ...body, id: textOf(v.id) ?? slug(body.name) },
        );
        await queries.invalidateQueries({ queryKey: productsQuery.queryKey });
        void say(`${made.name} is there.`);
        there.current = `/products/${made.id}`;
      }}
    />
  );
}

function valuesOf(p: Product): Values {
  return { name: p.name, description: p.description, owner: p.owner };
}

function bodyOf(v: Values) {
  const description = textOf(v.description);
  const owner = textOf(v.owner);
  return {
    name: (v.name ?? "").trim(),
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
  };
}
