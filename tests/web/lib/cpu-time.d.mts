export function cpuNow(): number;
