import { useDebouncedValue } from "@mantine/hooks";
import { IconBook2 } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Manual.module.css";
import { docHref, findQuery } from "./manual";

/** The places in the documentation in which all words stand. */
export function FindDocs({ words }: { words: string }) {
  const [settled] = useDebouncedValue(words.trim(), 150);
  const found = useQuery({
    ...findQuery(settled),
    enabled: settled !== "",
    placeholderData: keepPreviousData,
  });
  if (found.error) return <Problem error={found.error} retry={() => void found.refetch()} />;
  const list = found.data?.items;
  if (!list) return null;
  if (list.length === 0)
    return (
      <Empty icon={IconBook2} title={`No section has all of “${settled}”`}>
        Fewer or other words may find it; the glossary names what things are called here.
      </Empty>
    );
  return (
    <Panel title="Found" note={list.length}>
      <ol className={classes.found}>
        {list.map((f) => (
          <li key={`${f.path} ${f.id ?? ""}`}>
            <InLink href={docHref(f.path, f.id)}>{f.heading ? `${f.title}: ${f.heading}` : f.title}</InLink>
            <p>{f.text}</p>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
