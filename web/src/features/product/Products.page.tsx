import { Button } from "@mantine/core";
import { IconBox, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { rowsOf } from "~/api/ask";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable, type Sort } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import classes from "./Product.module.css";
import { ProductForm } from "./ProductForm";
import { type Product, productsQuery } from "./product";

const count = (state: "planned" | "building" | "released", header: string): Column<Product> => ({
  id: state,
  header,
  align: "right",
  width: "76px",
  cell: (p) => p.features[state],
  sort: (p) => p.features[state],
});

const columns: readonly Column<Product>[] = [
  {
    id: "name",
    header: "Product",
    width: "2fr",
    sort: (p) => p.name,
    cell: (p) => (
      <span className={classes.name}>
        <b>{p.name}</b> <span className={classes.quiet}>{p.description}</span>
      </span>
    ),
  },
  { id: "owner", header: "Owner", wide: true, width: "110px", sort: (p) => p.owner, cell: (p) => p.owner },
  count("building", "Building"),
  count("planned", "Planned"),
  count("released", "Released"),
  {
    id: "created",
    header: "Since",
    wide: true,
    align: "right",
    width: "90px",
    sort: (p) => p.created,
    cell: (p) => <Ago at={p.created} />,
  },
];

/** What customers get: each product with its features, what they should change and what they did. */
export function ProductsPage() {
  const search = useSearch({ from: "/inside/products" });
  const navigate = useNavigate({ from: "/products" });
  const products = useInfiniteQuery(productsQuery);
  const rows = rowsOf(products.data);
  const sort = sortOf(search.sort);
  const form = (open: boolean) =>
    void navigate({
      search: ({ new: _, ...rest }) => (open ? { ...rest, new: "product" } : rest),
      replace: !open,
    });
  useKeys(
    useMemo(() => ({ n: () => void navigate({ search: (s) => ({ ...s, new: "product" }) }) }), [navigate]),
  );
  return (
    <Page
      title="Products"
      lead="What customers get: each product with its features, what they should change and what they did."
      actions={
        <Button
          leftSection={<IconPlus size={16} stroke={1.8} aria-hidden />}
          onClick={() => form(true)}
          aria-keyshortcuts="n"
        >
          New product
        </Button>
      }
    >
      <Panel flush>
        <DataTable
          label="Products"
          columns={columns}
          rows={rows}
          rowId={(p) => p.id}
          href={(p) => `/products/${p.id}`}
          pending={products.isPending}
          error={rows ? null : products.error}
          retry={() => void products.refetch()}
          sort={sort}
          onSort={(s) =>
            void navigate({
              search: ({ sort: _, ...rest }) => (s ? { ...rest, sort: `${s.desc ? "-" : ""}${s.id}` } : rest),
              replace: true,
            })
          }
          empty={
            <Empty
              icon={IconBox}
              title="No products yet"
              start={{ label: "New product", onClick: () => form(true) }}
            >
              A product holds features. Each feature says which key result it should move, and shows here
              whether it did.
            </Empty>
          }
        />
      </Panel>
      {products.hasNextPage && (
        <div>
          <Button
            variant="default"
            loading={products.isFetchingNextPage}
            onClick={() => void products.fetchNextPage()}
          >
            More products
          </Button>
        </div>
      )}
      {search.new === "product" && <ProductForm onClose={() => form(false)} />}
    </Page>
  );
}

function sortOf(text: string | undefined): Sort | undefined {
  if (!text) return undefined;
  const desc = text.startsWith("-");
  return { id: desc ? text.slice(1) : text, desc };
}
