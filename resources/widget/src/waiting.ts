/** How long to wait before connecting again. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * Milliseconds until the next try after `failures` failed ones in a row (1 or more).
 *
 * Doubles up to a minute; a random half of it keeps visitors from coming back all at once.
 */
export function backOff(failures: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return whole / 2 + (whole / 2) * random();
}
