/** What a metric of a rollout counts, in words. */
export const metricNames: Readonly<Record<string, string>> = {
  "server-errors": "Units that met a server error",
  latency: "How long units wait",
};

/** The engine's reason without its verb, which the headline beside it says, and with the metrics in words. */
export function reasonInWords(reason: string): string {
  const rest = reason.replace(/^(Hold|Promote|Roll back):\s*/, "");
  const named = rest.replace(/(^|\. )([a-z][a-z0-9-]*)[.:] /g, (all, before: string, name: string) => {
    const words = metricNames[name];
    return words ? `${before}${words}: ` : all;
  });
  return named.charAt(0).toUpperCase() + named.slice(1);
}
