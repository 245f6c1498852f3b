/** Codes as people enter them: typed from a mail, or the whole link pasted. */

/** As the server demands it (schemas/account.py). */
export const LEAST_PASSWORD = 12;

/** The code alone, from whatever was pasted: "https://…/#/join/abc" gives "abc". */
export function tokenFrom(given: string): string {
  const last = given.trim().split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
