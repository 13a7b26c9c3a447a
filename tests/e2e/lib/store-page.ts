/* On the page of store.test.ts: runs tasks here or in a worker, and keeps what they tell meanwhile. */
import { type Failure, failureOf, runTask } from './store-tasks.ts';

interface Answer {
  readonly id: number;
  readonly told?: unknown;
  readonly value?: unknown;
  readonly failure?: Failure;
}

export interface TaskOutcome {
  readonly value?: unknown;
  readonly failure?: Failure;
}

declare global {
  var told: unknown[];
  var runHere: (name: string, arg: unknown) => Promise<TaskOutcome>;
  var runInWorker: (name: string, arg: unknown) => Promise<TaskOutcome>;
}

const worker = new Worker('/store/store-worker.js', { type: 'module' });
const pending = new Map<number, (outcome: TaskOutcome) => void>();
let lastId = 0;

worker.onmessage = ({ data }: MessageEvent<Answer>) => {
  if ('told' in data) globalThis.told.push(data.told);
  else {
    pending.get(data.id)?.(data);
    pending.delete(data.id);
  }
};
worker.onerror = (event) => {
  for (const settle of pending.values()) settle({ failure: failureOf(new Error(event.message)) });
};

globalThis.told = [];
globalThis.runHere = async (name, arg) => {
  try {
    return { value: await runTask(name, arg, (value) => globalThis.told.push(value)) };
  } catch (error) {
    return { failure: failureOf(error) };
  }
};
globalThis.runInWorker = (name, arg) =>
  new Promise((resolve) => {
    const id = ++lastId;
    pending.set(id, resolve);
    worker.postMessage({ id, name, arg });
  });
