import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { asProblem } from "~/api/problem";
import { Problem } from "~/ui/Problem";
import { ThreadStrip } from "~/ui/ThreadStrip";
import { strip, threadQuery } from "./thread";

interface Props {
  kind: string;
  id: string;
  /** whose repository the commits of this thread are in, as far as known */
  component?: string | undefined;
}

/** The thread strip of an object, read from the API. */
export function ObjectThread({ kind, id, component }: Props) {
  const thread = useQuery(threadQuery(kind, id));
  if (thread.data) {
    const { links, here, gaps } = strip(thread.data, component);
    return (
      <ThreadStrip links={links} here={here} gaps={gaps} href={`/thread/${kind}/${encodeURIComponent(id)}`} />
    );
  }
  // Nothing hangs on it yet: all is a gap.
  if (thread.error && asProblem(thread.error).kind === "not-found")
    return <ThreadStrip links={[]} here={null} gaps={{}} />;
  if (thread.error) return <Problem error={thread.error} retry={() => void thread.refetch()} look="line" />;
  return <Skeleton height={60} radius="md" aria-hidden />;
}
