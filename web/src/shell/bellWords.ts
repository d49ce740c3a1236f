/** What the bell says: "Alerts and incidents: 2 incidents open, 1 alert fires". */
export function bellWords(open: number, firing: number): string {
  if (open + firing === 0) return "Alerts and incidents: none";
  const parts = [
    open > 0 ? `${open} ${open === 1 ? "incident" : "incidents"} open` : "",
    firing > 0 ? `${firing} ${firing === 1 ? "alert fires" : "alerts fire"}` : "",
  ];
  return `Alerts and incidents: ${parts.filter(Boolean).join(", ")}`;
}
