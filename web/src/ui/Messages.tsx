import { Notifications } from "@mantine/notifications";
import "@mantine/notifications/styles.layer.css";

/** The corner in which short messages stand. */
export function Messages() {
  return <Notifications position="bottom-right" limit={3} autoClose={8000} />;
}
