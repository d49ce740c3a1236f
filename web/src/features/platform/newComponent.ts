/** What is wrong with a component's name, or null. The API has the last word. */
export function checkName(name: string): string | null {
  const text = name.trim();
  if (text.length < 3) return "At least three characters.";
  if (text.length > 40) return "At most forty characters.";
  if (!/^[a-z]/.test(text)) return "It begins with a lower-case letter.";
  if (!/^[a-z0-9-]+$/.test(text)) return "Only lower-case letters, digits and dashes.";
  return text.endsWith("-") ? "It ends with a letter or a digit." : null;
}
