import { Button } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { rowsOf } from "~/api/ask";
import { type Column, DataTable } from "~/ui/DataTable";
import classes from "./PagedTable.module.css";

interface Props<T> {
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[]; next?: string }>>;
  columns: readonly Column<T>[];
  rowId: (row: T) => string;
  href?: (row: T) => string;
  empty: ReactNode;
}

/** A table of a list that is read page by page. */
export function PagedTable<T>({ label, query, columns, rowId, href, empty }: Props<T>) {
  return (
    <>
      <DataTable
        label={label}
        columns={columns}
        rows={rowsOf(query.data)}
        rowId={rowId}
        {...(href ? { href } : {})}
        pending={query.isPending}
        error={query.error}
        retry={() => void query.refetch()}
        empty={empty}
      />
      {query.hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="default"
            size="xs"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
