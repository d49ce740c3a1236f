/** Says what is wrong with an address that cannot be one, or null. The server has the last word. */
export function checkEmail(value: string): string | null {
  if (value.trim() === "") return "Write your e-mail address.";
  return /^\S+@\S+$/.test(value.trim()) ? null : "An e-mail address has a name, an @ and a place.";
}

/** The shortest password that the server takes. */
export const shortestPassword = 12;

export function checkNewPassword(value: string): string | null {
  if (value === "") return "Choose a password.";
  const short = shortestPassword - [...value].length;
  return short > 0
    ? `${short} more ${short === 1 ? "character" : "characters"} needed: at least ${shortestPassword}.`
    : null;
}

export function checkGiven(words: string): (value: string) => string | null {
  return (value) => (value.trim() === "" ? words : null);
}
