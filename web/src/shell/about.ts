/** A route as the documentation writes it: "/changes/$id" is "/changes/ID". */
export function written(route: string): string {
  return route
    .replace(/(.)\/$/, "$1")
    .replace("/docs/$", "/docs/PAGE")
    .replace(/\$(\w+)/g, (_, name: string) => name.toUpperCase());
}

/** Where the documentation says what one does on the pages of a route. */
export function aboutHref(route: string): string {
  return `/docs/reference/pages#${written(route)}`;
}
