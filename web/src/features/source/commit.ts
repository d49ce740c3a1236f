/** The message without its first line, which is the title. */
export function bodyOf(message: string): string {
  const at = message.indexOf("\n");
  return at < 0 ? "" : message.slice(at + 1).trim();
}
