/* Time on the processor. What a test allows for is what a quiet machine would take: the clock also counts whatever else
 * the machine did meanwhile. */

/** Milliseconds that this process has spent computing, in all its threads. */
export function cpuNow() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
