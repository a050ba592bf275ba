import { readFileSync } from 'node:fs';

/** Most memory that a process has held so far, in bytes (VmHWM). */
export const peakMemory = (pid: number): number => statusBytes(pid, 'VmHWM');

/** Memory that a process holds now, in bytes (VmRSS). */
export const residentMemory = (pid: number): number => statusBytes(pid, 'VmRSS');

/** Of that, what is in no file (RssAnon). */
export const anonymousMemory = (pid: number): number => statusBytes(pid, 'RssAnon');

function statusBytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

/** A value of a server's own /metrics. @param name with its labels, as they stand there */
export async function metric(url: string, name: string): Promise<string> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line?.slice(name.length + 1) ?? 'none';
}

/** Calls held in native memory: none before and after any requests. */
export const callsAlive = (url: string): Promise<string> => metric(url, 'celsiusify_calls');
