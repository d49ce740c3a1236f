export function NewComponentPage() {
  return null;
}
