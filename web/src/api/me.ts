import { useQuery } from "@tanstack/react-query";
import { doorQuery, type Me } from "./session";

const nobody: Me = { id: "", name: "", login: "", roles: [], teams: [] };

/** Who is signed in; inside the shell there is always somebody. */
export function useMe(): Me {
  const { data } = useQuery(doorQuery);
  return data?.open ? data.me : nobody;
}
