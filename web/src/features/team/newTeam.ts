/** A team's identifier from its name: "Flight Software" is flight-software. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[-0-9]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}

/** What is wrong with an identifier, or null. */
export function checkTeam(slug: string): string | null {
  return slug.length < 2 ? "A name with at least two letters, the first of them a to z." : null;
}
