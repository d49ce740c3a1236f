export function CommitPage() {
  return null;
}
