/* How long the main thread of a page is held. A task's time on the clock includes whatever else the machine did
 * meanwhile; its time on the processor is what it would take on a quiet one. */
import type { CDPSession, Page } from 'playwright-core';

export interface TaskTimes {
  /** Longest task in ms on the processor. */
  readonly cpuMs: number;
  /** What the page's PerformanceObserver called long tasks, in ms on the clock. */
  readonly observedMs: readonly number[];
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
}

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline'];

async function readTrace(session: CDPSession): Promise<TraceEvent[]> {
  const complete = new Promise<string>((resolve) => {
    session.once('Tracing.tracingComplete', ({ stream }) => resolve(stream ?? ''));
  });
  await session.send('Tracing.end');
  const handle = await complete;
  let text = '';
  for (let isEnd = false; !isEnd; ) {
    const { data, eof } = await session.send('IO.read', { handle });
    text += data;
    isEnd = eof;
  }
  await session.send('IO.close', { handle });
  return (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;
}

/** The longest task of the page's main thread while `work` runs. */
export async function measureTasks(page: Page, work: () => Promise<void>): Promise<TaskTimes> {
  const session = await page.context().newCDPSession(page);
  await session.send('Tracing.start', {
    transferMode: 'ReturnAsStream',
    traceConfig: { includedCategories: CATEGORIES },
  });
  const observed = await page.evaluateHandle(() => {
    const tasks: number[] = [];
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    });
    observer.observe({ type: 'longtask' });
    return { tasks, observer };
  });
  await work();
  const observedMs = await observed.evaluate(async ({ tasks, observer }) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    observer.disconnect();
    return tasks;
  });
  const events = await readTrace(session);
  await session.detach();
  const frame = events.find(({ name }) => name === 'FireAnimationFrame');
  const tasks = events.filter(
    ({ name, pid, tid }) => name === 'RunTask' && pid === frame?.pid && tid === frame.tid,
  );
  if (tasks.length === 0) throw new Error('the trace has no tasks of a page that drew frames');
  return { cpuMs: Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000)), observedMs };
}
