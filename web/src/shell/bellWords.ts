/** What stands on the bell: how many incidents are open and alerts fire, as far as two digits go. */
export function bellCount(open: number, firing: number): string {
  const all = open + firing;
  return all > 99 ? "99+" : `${all}`;
}

/**
 * What the bell says: "Alerts and incidents: 3 (2 incidents open, 1 alert fires)". The count that is seen on it
 * is always among the words, so that who speaks to the page can name what they see.
 */
export function bellWords(open: number, firing: number): string {
  if (open + firing === 0) return "Alerts and incidents: none";
  const parts = [
    open > 0 ? `${open} ${open === 1 ? "incident" : "incidents"} open` : "",
    firing > 0 ? `${firing} ${firing === 1 ? "alert fires" : "alerts fire"}` : "",
  ];
  const words = parts.filter(Boolean).join(", ");
  const count = bellCount(open, firing);
  return `Alerts and incidents: ${words.includes(count) ? words : `${count} (${words})`}`;
}
