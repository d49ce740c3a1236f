import { Button, SegmentedControl } from "@mantine/core";
import { IconBulb, IconPencil, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { ProductSearch } from "~/address";
import { Loaded } from "~/object/Loaded";
import { ObjectHistory } from "~/object/ObjectHistory";
import { Outline } from "~/object/Outline";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Empty } from "~/ui/Empty";
import { Kbd } from "~/ui/Kbd";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { FeatureForm } from "./FeatureForm";
import { FeatureList } from "./FeatureList";
import classes from "./Product.module.css";
import { ProductForm } from "./ProductForm";
import { type FeatureState, groups, productQuery } from "./product";

/** A product: its features by state, what each should change and what it did. */
export function ProductPage() {
  const { id } = useParams({ from: "/inside/products/$id" });
  const product = useQuery(productQuery(id));
  return (
    <Loaded
      query={product}
      kind="Product"
      title={id}
      outline={<Outline thread={false} main={[32, 220, 320]} />}
    >
      {(p) => <ProductView product={p} />}
    </Loaded>
  );
}

type Detail = NonNullable<Awaited<ReturnType<NonNullable<ReturnType<typeof productQuery>["queryFn"]>>>>;

function ProductView({ product: p }: { product: Detail }) {
  const search = useSearch({ from: "/inside/products/$id" });
  const navigate = useNavigate({ from: "/products/$id" });
  useCrumbs(useMemo(() => [{ title: p.name, href: `/products/${p.id}` }], [p.name, p.id]));
  const go = useMemo(
    () =>
      (next: ProductSearch, replace = false) =>
        void navigate({ search: ({ new: _, edit: __, ...rest }) => ({ ...rest, ...next }), replace }),
    [navigate],
  );
  useKeys(useMemo(() => ({ n: () => go({ new: "feature" }) }), [go]));
  const shown = groups.filter((g) => !search.state || g.state === search.state);
  const close = () => go({}, true);
  const edited = p.work.find((f) => f.id === search.edit);
  return (
    <Page
      kind="Product"
      title={p.name}
      owner={p.owner || "nobody yet"}
      lead={p.description}
      actions={
        <>
          <Button
            variant="default"
            leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
            onClick={() => go({ edit: "product" })}
          >
            Change
          </Button>
          <Button
            leftSection={<IconPlus size={16} stroke={1.8} aria-hidden />}
            onClick={() => go({ new: "feature" })}
            aria-keyshortcuts="n"
          >
            New feature
          </Button>
        </>
      }
      history={<ObjectHistory subject={`product/${p.id}`} />}
    >
      {p.work.length === 0 ? (
        <Panel>
          <Empty
            icon={IconBulb}
            title="No features yet"
            start={{ label: "New feature", onClick: () => go({ new: "feature" }) }}
          >
            A feature says why it should move a key result. Once its rollouts are measured, what it did stands
            beside what was predicted.
          </Empty>
        </Panel>
      ) : (
        <>
          <div className={classes.bar}>
            <SegmentedControl
              size="xs"
              aria-label="Features of this state"
              value={search.state ?? ""}
              onChange={(state) =>
                void navigate({
                  search: ({ state: _, ...rest }) => (state ? { ...rest, state } : rest),
                  replace: true,
                })
              }
              data={[
                { value: "", label: `All ${p.work.length}` },
                ...groups.map((g) => ({ value: g.state, label: `${g.name} ${p.features[g.state]}` })),
              ]}
            />
            <span className={classes.hint}>
              <Kbd keys={["j"]} /> <Kbd keys={["k"]} /> next, before · <Kbd keys={["Alt", "↑"]} together />{" "}
              <Kbd keys={["Alt", "↓"]} together /> order · <Kbd keys={["e"]} /> change
            </span>
          </div>
          {shown.map((g) => (
            <FeatureList
              key={g.state}
              name={g.name}
              empty={g.empty}
              product={p.id}
              features={inState(p.work, g.state)}
              onEdit={(id) => go({ edit: id })}
            />
          ))}
        </>
      )}
      {search.new === "feature" && <FeatureForm product={p.id} onClose={close} />}
      {search.edit === "product" && <ProductForm product={p} onClose={close} />}
      {edited && <FeatureForm key={edited.id} product={p.id} feature={edited} onClose={close} />}
    </Page>
  );
}

function inState(work: Detail["work"], state: FeatureState) {
  return work.filter((f) => f.state === state).sort((a, b) => a.rank - b.rank);
}
