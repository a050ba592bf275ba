/** A model's name or a label as a path has it, decoded. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a stray % matches no model
  }
}
