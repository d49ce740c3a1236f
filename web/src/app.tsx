import {
  localStorageColorSchemeManager,
  type MantineColorSchemeManager,
  MantineProvider,
} from "@mantine/core";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { LiveContext, type LiveFeed } from "./api/live";
import { cssVariables, theme } from "./theme";
import { MessageCorner } from "./ui/MessageCorner";

interface Props {
  queries: QueryClient;
  feed: LiveFeed;
  /** this page's nonce for style elements; empty on the development server */
  nonce: string;
  children: ReactNode;
}

// The key is also read by public/scheme.js, before the first paint.
const schemes: MantineColorSchemeManager = localStorageColorSchemeManager({ key: "factory-scheme" });

/** What every page stands on: theme, cache of the API's answers, stream of facts, short messages. */
export function App({ queries, feed, nonce, children }: Props) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <LiveContext value={feed}>
          {children}
          <MessageCorner />
        </LiveContext>
      </QueryClientProvider>
    </MantineProvider>
  );
}
