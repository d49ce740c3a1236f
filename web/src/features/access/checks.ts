/** Says what is wrong with a login that cannot be one, or null. The server has the last word. */
export function checkLogin(value: string): string | null {
  const login = value.trim();
  if (login === "") return "Choose a short name to sign in with.";
  return /^[a-z0-9._@+-]{1,63}$/.test(login) ? null : "Use lower-case letters, digits and . _ @ + - only.";
}

/** The shortest password that the server takes. */
export const shortestPassword = 10;

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
